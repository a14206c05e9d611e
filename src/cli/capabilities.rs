//! What the APIs of the project's servers can hold, before one is asked.

use camino::Utf8Path;

use crate::adapter::altiris;
use crate::adapter::altiris::capabilities::Sight;
use crate::adapter::native;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::model::altiris::Findings;
use crate::model::capabilities::Capabilities;
use crate::model::project::Api;
use crate::model::project::ServerConfig;
use crate::sys::disk;

/// The largest file of what a probe found.
const FINDINGS_BYTES_MAX: u64 = 1 << 20;

/// What the API of a server can hold, as far as the project says; `None` of an API that is not spoken. What a probe found
/// and cannot be read counts as not found: a connection says so.
pub fn of(root: &Utf8Path, config: &ServerConfig) -> Option<Capabilities> {
    match config.api {
        Api::Native => Some(native::client::capabilities()),
        Api::Altiris => Some(altiris(config, &findings(root, config).unwrap_or_default())),
        Api::Configmgr => None,
    }
}

/// The APIs that are spoken, with what each can hold where nothing else is known of the server.
pub fn known() -> [(&'static str, Capabilities); 2] {
    let altiris = altiris::capabilities::capabilities(&Findings::default(), Sight::Reports);
    [(Api::Native.word(), native::client::capabilities()), (Api::Altiris.word(), altiris)]
}

/// What a probe of a server found, where the project names a file of that.
pub fn findings(root: &Utf8Path, config: &ServerConfig) -> Result<Findings, Failure> {
    let Some(path) = config.altiris.as_ref().and_then(|settings| settings.probe.as_ref()) else {
        return Ok(Findings::default());
    };
    let bytes = disk::read_bounded(&root.join(path), FINDINGS_BYTES_MAX).map_err(|error| {
        Failure::from_error(exit::CONFIG, &error)
            .help("`altiris.probe` in `consign.yaml` names it; `consign probe` writes it")
    })?;
    serde_json::from_slice(&bytes).map_err(|error| {
        let message = format!("`{path}` holds no findings of a probe: {error}");
        Failure::new(exit::CONFIG, message).help("`altiris.probe` in `consign.yaml` names it")
    })
}

/// The same for a probe, which writes the file: there may be none yet.
pub fn findings_so_far(root: &Utf8Path, config: &ServerConfig) -> Result<Findings, Failure> {
    let named = config.altiris.as_ref().and_then(|settings| settings.probe.as_ref());
    match named {
        Some(path) if !root.join(path).exists() => Ok(Findings::default()),
        _ => findings(root, config),
    }
}

fn altiris(config: &ServerConfig, findings: &Findings) -> Capabilities {
    let has_reports = config.altiris.as_ref().is_some_and(|settings| settings.reports.is_some());
    altiris::capabilities::capabilities(findings, if has_reports { Sight::Reports } else { Sight::Methods })
}
