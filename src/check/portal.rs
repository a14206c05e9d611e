//! The software portal: PTL-1, PTL-2, PTL-6.

use super::context::Context;
use crate::diag::Diagnostic;
use crate::diag::visible;
use crate::model::item::Item;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::portal::Grant;
use crate::model::portal::PortalRights;
use crate::model::portal::Right;
use crate::rules::portal::PTL_1;
use crate::rules::portal::PTL_2;
use crate::rules::portal::PTL_6;

pub(super) fn check(context: &mut Context<'_>) {
    let defaults = inherited_installs(context);
    for item in context.site.items.values() {
        match &item.spec {
            Spec::Folder(spec) => rights(context, item, spec.portal.as_ref()),
            Spec::Program(spec) => {
                rights(context, item, spec.portal.as_ref());
                if let Some(own) = &spec.portal {
                    inherited(context, item, own, &defaults);
                }
            }
            Spec::SequentialTask(spec) => rights(context, item, spec.portal.as_ref()),
            Spec::PortalDefaults(spec) => {
                grants(context, item, "grants", spec.grants.as_deref().unwrap_or_default());
            }
            Spec::PortalSettings(_) => settings(context, item),
            _ => {}
        }
    }
}

fn rights(context: &mut Context<'_>, item: &Item, rights: Option<&PortalRights>) {
    if let Some(rights) = rights {
        grants(context, item, "portal/grants", &rights.grants);
    }
}

/// Principals as servers know them, each once (PTL-1).
fn grants(context: &mut Context<'_>, item: &Item, below: &str, grants: &[Grant]) {
    for (at, grant) in grants.iter().enumerate() {
        if let Some(problem) = principal_problem(&grant.principal) {
            let help = "write `DOMAIN\\NAME` in single quotes, or the name of a server role";
            let message = format!("principal `{}` {problem}", visible(&grant.principal));
            context.value(&PTL_1, &item.key, &format!("{below}/{at}/principal"), message, help);
        }
    }
    // Accounts are compared without case.
    let mut sorted: Vec<(String, usize)> = match grants {
        [] | [_] => return,
        [one, other] if !same_account(&one.principal, &other.principal) => return,
        several => several.iter().enumerate().map(|(at, grant)| (grant.principal.to_lowercase(), at)).collect(),
    };
    sorted.sort_unstable();
    for pair in sorted.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        let (earlier, at) = (pair[0].1, pair[1].1);
        let name = visible(&grants[at].principal);
        let message = if grants[earlier].right == grants[at].right {
            format!("principal `{name}` is listed twice")
        } else {
            format!("principal `{name}` has both rights: *install* holds, and the other misleads")
        };
        let here = context.origins.value(&item.key, &format!("{below}/{at}/principal"));
        let there = context.origins.value(&item.key, &format!("{below}/{earlier}/principal"));
        let finding = Diagnostic::error(&PTL_1, here, message).also(there, "first listed here");
        context.found.push(finding.help("keep one of the two"));
    }
}

fn same_account(one: &str, other: &str) -> bool {
    if one.is_ascii() && other.is_ascii() {
        one.eq_ignore_ascii_case(other)
    } else {
        one.to_lowercase() == other.to_lowercase()
    }
}

fn principal_problem(principal: &str) -> Option<&'static str> {
    if principal.trim() != principal {
        return Some("has a space at an end");
    }
    if principal.chars().any(crate::diag::is_hidden) {
        return Some("holds a control character or an invisible one");
    }
    if principal.contains('/') || principal.contains("\\\\") {
        return Some("is not written `DOMAIN\\NAME`");
    }
    if principal.contains('\\') && !super::programs::is_account(principal) {
        return Some("is not written `DOMAIN\\NAME`");
    }
    None
}

/// A grant of *install* that every program inherits, and where it stands.
type Inherited<'a> = (&'a ItemKey, usize, &'a Grant);

fn inherited_installs<'a>(context: &Context<'a>) -> Vec<Inherited<'a>> {
    context
        .site
        .of_kind(Kind::PortalDefaults)
        .filter_map(|item| match &item.spec {
            Spec::PortalDefaults(spec) => Some((&item.key, spec.grants.as_deref().unwrap_or_default())),
            _ => None,
        })
        .flat_map(|(key, grants)| grants.iter().enumerate().map(move |(at, grant)| (key, at, grant)))
        .filter(|(_, _, grant)| grant.right == Right::Install)
        .collect()
}

/// An inherited *install* is not taken away by a lesser right of the program's own (PTL-2).
fn inherited(context: &mut Context<'_>, item: &Item, own: &PortalRights, defaults: &[Inherited<'_>]) {
    if !own.inherit {
        return;
    }
    for (at, grant) in own.grants.iter().enumerate().filter(|(_, grant)| grant.right == Right::InstallOnApproval) {
        let same = |name: &str| same_account(name, &grant.principal);
        if let Some((key, default, _)) = defaults.iter().find(|(_, _, inherited)| same(&inherited.principal)) {
            let here = context.origins.value(&item.key, &format!("portal/grants/{at}"));
            let there = context.origins.value(key, &format!("grants/{default}"));
            let name = visible(&grant.principal);
            let message = format!("`{name}` inherits *install*, so *install on approval* takes nothing away");
            context.found.push(
                Diagnostic::error(&PTL_2, here, message)
                    .also(there, "inherited from here")
                    .help("set `inherit: false` and list every right of this program, or remove this grant"),
            );
        }
    }
}

/// Someone sees the portal, and can ask for something (PTL-6).
fn settings(context: &mut Context<'_>, item: &Item) {
    let Spec::PortalSettings(settings) = &item.spec else { return };
    if settings.max_per_request == 0 {
        let message = "a request that may hold no program cannot be made";
        context.value(&PTL_6, &item.key, "maxPerRequest", message, "write 1 or more; left out it is 5");
    }
    if settings.collections.is_empty() {
        let message = "without a collection nobody sees the portal";
        let help = "name a collection of computers that have the software delivery agent; to switch the portal off, `enabled: false`";
        context.value(&PTL_6, &item.key, "collections", message, help);
    }
}
