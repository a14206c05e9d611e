//! `consign serve`

use std::collections::BTreeMap;

use clap::Args;
use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::cli::args::ServeArgs;
use crate::cli::context::Context;
use crate::cli::context::Outcome;
use crate::cli::context::block_on;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::server;
use crate::server::Apis;
use crate::server::AsdkOptions;
use crate::server::Profile;
use crate::server::Quirk;
use crate::server::ServeError;
use crate::server::ServeOptions;
use crate::server::app::role::Role;

/// Which APIs the server speaks.
#[derive(Debug, Args)]
pub struct ApiArgs {
    /// The APIs to speak, with commas: `native`, and `asdk`, the Altiris ASDK below `/Altiris/`. That one takes tokens of this
    /// server as well, as bearer or as the password of Basic, which real servers do not; see `windows-login-only`
    #[arg(long = "api", value_name = "API", default_value = "native", value_delimiter = ',', value_parser = read_api)]
    apis: Vec<Api>,
    /// The version that the ASDK plays, 8.5-ru4 unless said otherwise: methods that came later are not there
    #[arg(long, value_name = "VERSION", value_enum, help_heading = "Altiris ASDK")]
    asdk_profile: Option<ProfileArg>,
    /// How the ASDK behaves where its documents are silent or disagree; without any, the stricter reading of each point
    #[arg(long = "asdk-quirk", value_name = "NAME", value_enum, help_heading = "Altiris ASDK")]
    asdk_quirks: Vec<QuirkArg>,
    /// Another XML namespace for a service of the ASDK, such as `ReportManagementService=http://example.com`
    #[arg(long = "asdk-namespace", value_name = "SERVICE=URI", value_parser = read_namespace, help_heading = "Altiris ASDK")]
    asdk_namespaces: Vec<(String, String)>,
}

/// An API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Api {
    Native,
    Asdk,
}

fn read_api(text: &str) -> Result<Api, String> {
    match text {
        "native" => Ok(Api::Native),
        "asdk" => Ok(Api::Asdk),
        "adminservice" => Err("the server does not speak `adminservice` yet; it speaks `native` and `asdk`".to_owned()),
        _ => Err("the server speaks `native` and `asdk`".to_owned()),
    }
}

fn read_namespace(text: &str) -> Result<(String, String), String> {
    let (service, uri) = text.split_once('=').ok_or("a namespace is `SERVICE=URI`")?;
    if uri.is_empty() || uri.chars().any(|one| one.is_whitespace() || one.is_control()) {
        return Err("a namespace is a URI without blanks".to_owned());
    }
    let names: Vec<&str> = server::http::asdk::services::all().map(|one| one.name).collect();
    if names.contains(&service) {
        return Ok((service.to_owned(), uri.to_owned()));
    }
    let near = crate::diag::nearest(service, names.iter().copied());
    let near = near.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
    Err(format!("there is no service `{service}`{near}"))
}

/// A version, on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ProfileArg(Profile);

impl ValueEnum for ProfileArg {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [ProfileArg; Profile::ALL.len()] = {
            let mut all = [ProfileArg(Profile::V7_1); Profile::ALL.len()];
            let mut at = 0;
            while at < all.len() {
                all[at] = ProfileArg(Profile::ALL[at]);
                at += 1;
            }
            all
        };
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.name()).help(format!("as build {}", self.0.build())))
    }
}

/// A quirk, on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct QuirkArg(Quirk);

impl ValueEnum for QuirkArg {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [QuirkArg; Quirk::ALL.len()] = {
            let mut all = [QuirkArg(Quirk::ALL[0]); Quirk::ALL.len()];
            let mut at = 0;
            while at < all.len() {
                all[at] = QuirkArg(Quirk::ALL[at]);
                at += 1;
            }
            all
        };
        &ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.name()).help(self.0.what().trim_end_matches('.')))
    }
}

impl ApiArgs {
    fn read(self) -> Result<Apis, Failure> {
        let native = self.apis.contains(&Api::Native);
        if self.apis.contains(&Api::Asdk) {
            let profile = self.asdk_profile.map(|one| one.0).unwrap_or_default();
            let quirks = self.asdk_quirks.into_iter().map(|one| one.0).collect();
            let namespaces: BTreeMap<_, _> = self.asdk_namespaces.into_iter().collect();
            return Ok(Apis { native, asdk: Some(AsdkOptions { profile, quirks, namespaces }) });
        }
        if self.asdk_profile.is_some() || !self.asdk_quirks.is_empty() || !self.asdk_namespaces.is_empty() {
            let why = "`--asdk-…` is about the ASDK, which is not among the APIs to speak";
            return Err(Failure::new(exit::USAGE, why).help("add `--api native,asdk`"));
        }
        Ok(Apis { native, asdk: None })
    }
}

/// Runs it, until it is interrupted.
pub fn run(context: &Context, args: ServeArgs) -> Outcome {
    let at = |path: camino::Utf8PathBuf| context.directory.join(path);
    let mut options = ServeOptions::new(args.listen, at(args.data));
    options.token_file = args.token_file.map(at);
    options.tls_cert = args.tls_cert.map(at);
    options.tls_key = args.tls_key.map(at);
    options.insecure = args.insecure;
    options.seeds = args.seeds.into_iter().map(at).collect();
    options.zone = args.time_zone;
    options.faults = args.faults.map(at);
    options.daily_purge = !args.no_daily_purge;
    options.apis = args.apis.read()?;
    options.kerberos_keytab = args.kerberos_keytab.map(at);
    options.kerberos_roles = args.kerberos_roles.into_iter().collect();
    block_on(async {
        let bound = server::bind(options).await.map_err(|error| failure(&error))?;
        for note in bound.notes() {
            context.talk(&format!("{note}\n"));
        }
        context.out(&format!("listening on {}\n", bound.url()))?;
        bound.serve(interrupted()).await.map_err(|error| failure(&error))?;
        Ok(exit::OK)
    })
}

/// `PRINCIPAL=ROLE`.
pub fn kerberos_role(text: &str) -> Result<(String, Role), String> {
    let (name, role) = text.rsplit_once('=').ok_or("write `PRINCIPAL=ROLE`, such as `svc@CORP.EXAMPLE=reader`")?;
    if !name.split_once('@').is_some_and(|(name, realm)| !name.is_empty() && !realm.is_empty()) {
        return Err(format!("`{name}` has no realm; write `name@REALM`"));
    }
    let role = Role::from_name(role);
    let role = role.ok_or_else(|| format!("a role is {}", Role::ALL.map(Role::name).join(", ")))?;
    Ok((name.to_owned(), role))
}

fn failure(error: &ServeError) -> Failure {
    let (exit, help) = match error {
        ServeError::PlainBeyondLoopback(_) => {
            (exit::CONFIG, "give --tls-cert and --tls-key, listen on 127.0.0.1, or say --insecure")
        }
        ServeError::NoKerberos => (exit::CONFIG, "build it with `--features negotiate`"),
        ServeError::NoKeytab => (exit::USAGE, "give --kerberos-keytab as well"),
        ServeError::NobodyMapped => (exit::USAGE, "give --kerberos-map PRINCIPAL=ROLE as well"),
        ServeError::NotAKeytab(_) => {
            (exit::CONFIG, "`klist -k FILE` shows what a keytab holds; `ktadd` and `ktpass` make one")
        }
        ServeError::HalfTls => (exit::USAGE, "give both --tls-cert and --tls-key"),
        _ => (exit::ERROR, ""),
    };
    let failure = Failure::from_error(exit, error);
    if help.is_empty() { failure } else { failure.help(help) }
}

#[cfg(unix)]
async fn interrupted() {
    let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    match terminate {
        Ok(mut terminate) => tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        },
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

#[cfg(not(unix))]
async fn interrupted() {
    let _ = tokio::signal::ctrl_c().await;
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::args::Cli;
    use crate::cli::args::Command;

    fn read(arguments: &[&str]) -> Result<Apis, String> {
        let all = ["consign", "serve", "--data", "x"].into_iter().chain(arguments.iter().copied());
        match Cli::try_parse_from(all).map_err(|error| error.to_string())?.command {
            Command::Serve(args) => args.apis.read().map_err(|failure| failure.lines()),
            _ => Err("another command".to_owned()),
        }
    }

    #[test]
    fn the_native_api_is_what_is_spoken_unless_said_otherwise() {
        assert_eq!(read(&[]).unwrap(), Apis::default());
        let both = read(&["--api", "native,asdk"]).unwrap();
        assert_eq!(both, Apis { native: true, asdk: Some(AsdkOptions::new()) });
        assert!(!read(&["--api", "asdk"]).unwrap().native);
    }

    #[test]
    fn the_asdk_has_a_version_quirks_and_namespaces() {
        let arguments =
            ["--api", "asdk", "--asdk-profile", "8.5-ru2", "--asdk-quirk", "table1", "--asdk-quirk", "http-off"];
        let options = read(&arguments).unwrap().asdk.unwrap();
        assert_eq!(options.profile, Profile::V8_5Ru2);
        assert!(options.has(Quirk::Table1) && options.has(Quirk::HttpOff) && !options.has(Quirk::PlainFaults));
        let options =
            read(&["--api", "asdk", "--asdk-namespace", "ItemManagementService=urn:a=b"]).unwrap().asdk.unwrap();
        assert_eq!(options.namespaces["ItemManagementService"], "urn:a=b");
    }

    #[test]
    fn what_cannot_be_is_a_usage_error_that_names_what_can() {
        for (arguments, why) in [
            (&["--api", "adminservice"][..], "does not speak `adminservice` yet"),
            (&["--api", "soap"], "`native` and `asdk`"),
            (&["--api", "asdk", "--asdk-quirk", "tabel1"], "similar value exists: 'table1'"),
            (&["--api", "asdk", "--asdk-profile", "9"], "8.5-ru4"),
            (
                &["--api", "asdk", "--asdk-namespace", "ItemManagmentService=urn:a"],
                "did you mean `ItemManagementService`?",
            ),
            (&["--api", "asdk", "--asdk-namespace", "ItemManagementService"], "SERVICE=URI"),
            (&["--asdk-quirk", "table1"], "--api native,asdk"),
        ] {
            let said = read(arguments).unwrap_err();
            assert!(said.contains(why), "{arguments:?}: {said}");
        }
    }
}
