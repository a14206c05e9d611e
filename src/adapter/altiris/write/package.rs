//! Packages (altiris-asdk §4.7): three calls, each of which sets its fields at once.

use std::collections::BTreeSet;

use crate::adapter::AdapterError;
use crate::adapter::Receipt;
use crate::model::guid::Guid;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::package::Package;
use crate::model::package::PackageServers;
use crate::model::package::PackageServersBy;
use crate::model::package::Source;
use crate::model::units::Duration;
use crate::sys::http::asdk::Param;
use crate::sys::http::asdk::Service;
use crate::sys::http::asdk::Value;

use super::super::read::raw::digest;
use super::super::wire::details::From;
use super::super::wire::details::PackageDetails;
use super::super::wire::value;
use super::work::Work;
use super::work::of_kind;
use super::work::receipt;

/// What of a package is written, a call a part.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wanted {
    own: Own,
    shown: Shown,
    servers: BTreeSet<Guid>,
    /// Where package servers put it; never read back.
    server_folder: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Own {
    name: String,
    location: String,
    directory: String,
    description: String,
    publisher: String,
    version: String,
    language: String,
    purge_minutes: i64,
    folder: Option<Guid>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Shown {
    name: String,
    description: String,
    verbose: bool,
    alternate: String,
}

impl Wanted {
    async fn of(work: &Work<'_>, item: &Item) -> Result<Self, AdapterError> {
        let Spec::Package(spec) = &item.spec else { return Err(work.refused("kind", "it is no package")) };
        let (location, directory) = paths(&spec.source);
        let mut servers = BTreeSet::new();
        match &spec.package_servers {
            PackageServers::By(PackageServersBy::All) => {}
            PackageServers::Servers(list) => {
                for name in &list.servers {
                    servers.insert(work.computer(name).await?);
                }
            }
            PackageServers::By(PackageServersBy::Automatic) | PackageServers::Sites(_) => {
                return Err(work.refused("package_servers", "no method assigns package servers by site (CAP-4)"));
            }
        }
        let Package { description, publisher, version, language, .. } = spec.clone();
        Ok(Self {
            own: Own {
                name: item.key.name.clone(),
                location,
                directory,
                description,
                publisher,
                version,
                language,
                purge_minutes: minutes(spec.delete_unused_after),
                folder: Some(work.folder(item)?),
            },
            shown: Shown {
                name: spec.agent_display_name.clone(),
                description: spec.agent_display_description.clone(),
                verbose: spec.verbose_status_events,
                alternate: spec.alternate_download_folder.clone(),
            },
            servers,
            server_folder: spec.package_server_folder.clone(),
        })
    }

    fn seen(live: &PackageDetails) -> Self {
        Self {
            own: Own {
                name: live.name.clone(),
                location: live.location.clone(),
                directory: live.directory.clone(),
                description: live.description.clone(),
                publisher: live.publisher.clone(),
                version: live.version.clone(),
                language: live.language.clone(),
                purge_minutes: live.purge_minutes,
                folder: live.folder,
            },
            shown: Shown {
                name: live.display_name.clone(),
                description: live.display_description.clone(),
                verbose: live.verbose,
                alternate: live.alternate.clone(),
            },
            servers: value::guids(&live.servers).unwrap_or_default().into_iter().collect(),
            server_folder: String::new(),
        }
    }

    /// Whether each call was made or not: every state that a change from `was` to this one passes through.
    fn is_on_the_way(&self, was: &Self, seen: &Self) -> bool {
        [&was.own, &self.own].contains(&&seen.own)
            && [&was.shown, &self.shown].contains(&&seen.shown)
            && [&was.servers, &self.servers].contains(&&seen.servers)
    }
}

/// The two paths that stand for a source (altiris-asdk §4.7).
pub fn paths(source: &Source) -> (String, String) {
    match source {
        Source::None(_) => (String::new(), String::new()),
        Source::Local(source) => (source.local.clone(), String::new()),
        Source::Unc(source) => (source.unc.clone(), String::new()),
        Source::Url(source) => (source.url.clone(), source.directory.clone()),
    }
}

/// Whole minutes; a duration is checked to be that before (PKG-3, TSK-8).
pub fn minutes(duration: Duration) -> i64 {
    i64::try_from(duration.as_seconds().div_ceil(60)).unwrap_or(i64::MAX)
}

fn detail(own: &Own) -> Vec<Param> {
    let text = |text: &str| Value::from(text);
    vec![
        ("sPackageName", text(&own.name)),
        ("sPackageLocation", text(&own.location)),
        ("sPackageDirectory", text(&own.directory)),
        ("sPackageDescription", text(&own.description)),
        ("sPackagePublisher", text(&own.publisher)),
        ("sPackageVersion", text(&own.version)),
        ("sPackageLanguage", text(&own.language)),
        ("PurgeAfterDurationInMinutes", own.purge_minutes.into()),
        ("sParentFolderGuid", own.folder.map_or(Value::Null, Value::from)),
    ]
}

pub async fn create(work: &Work<'_>, item: &Item) -> Result<Receipt, AdapterError> {
    let want = Wanted::of(work, item).await?;
    for found in work.named(&want.own.name, want.own.folder).await? {
        if let Some(live) = of_kind(work.methods.package(found.guid).await)? {
            // Every field of the first call is ours: nothing else makes such a package by chance.
            if work.in_doubt() && Wanted::seen(&live).own == want.own {
                return converge(work, live, &want, !want.server_folder.is_empty()).await;
            }
            return Err(work.there_already(found.guid));
        }
    }
    let reply = work.send(Service::Package, "CreatePackageExDetail", &detail(&want.own)).await?;
    let made = reply.object(|node| PackageDetails::read(node, From::Object))?;
    converge(work, made, &want, !want.server_folder.is_empty()).await
}

pub async fn update(work: &Work<'_>, guid: Guid, revision: &str, item: &Item) -> Result<Receipt, AdapterError> {
    let want = Wanted::of(work, item).await?;
    let live = work.methods.package(guid).await?;
    let was = match work.before {
        Some(before) => Some(Wanted::of(work, before).await?),
        None => None,
    };
    if digest(&live) != revision {
        let between = was.as_ref().is_some_and(|was| want.is_on_the_way(was, &Wanted::seen(&live)));
        if !(work.in_doubt() && between) {
            return Err(work.stale());
        }
    }
    // What is never shown is sent whenever it is more than nothing (CAP-5).
    let is_unseen = !want.server_folder.is_empty() || was.is_some_and(|was| !was.server_folder.is_empty());
    converge(work, live, &want, is_unseen).await
}

async fn converge(
    work: &Work<'_>,
    live: PackageDetails,
    want: &Wanted,
    with_unseen: bool,
) -> Result<Receipt, AdapterError> {
    let (guid, seen) = (live.guid, Wanted::seen(&live));
    let package = || ("sPackageGuid", Value::from(guid));
    if seen.own != want.own {
        let params = [vec![package()], detail(&want.own)].concat();
        work.done(Service::Package, "ModifyPackageExDetail", &params).await?;
    }
    if seen.shown != want.shown {
        let params = [
            package(),
            ("sAgentDisplayName", Value::from(want.shown.name.as_str())),
            ("sAgentDisplayDescription", Value::from(want.shown.description.as_str())),
            ("bEnableVerboseEvents", want.shown.verbose.into()),
            ("sAlternateDownloadDestinationLocation", Value::from(want.shown.alternate.as_str())),
        ];
        work.done(Service::Package, "SetPackageExAdvancedOptions", &params).await?;
    }
    if seen.servers != want.servers || with_unseen {
        let params = [
            package(),
            ("bAllOrSpecificPackageServers", want.servers.is_empty().into()),
            ("sPackageServerGuids", Value::list(want.servers.iter().copied())),
            ("sLocationOnPackageServer", Value::from(want.server_folder.as_str())),
        ];
        work.done(Service::Package, "SetPackageExPackageServerOptions", &params).await?;
    }
    Ok(receipt(guid, &work.methods.package(guid).await?))
}
