//! `consign serve`

use crate::cli::args::ServeArgs;
use crate::cli::context::Context;
use crate::cli::context::Outcome;
use crate::cli::context::block_on;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::server;
use crate::server::ServeError;
use crate::server::ServeOptions;
use crate::server::app::role::Role;

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
