//! The reference server: a delivery server in one SQLite file. Plans are rehearsed against it, and faults are injected
//! here.
//!
//! `http` asks, `app` does, `store` keeps; each knows only what follows it. Shares the nouns of `model` with the rest of
//! the program and nothing else, so that no mistake is made on both sides at once.
//!
//! In one process without a socket: [`App::new`] over a [`Store`], then [`router`], then, for faults, [`Faulty`]. As a
//! server: [`bind`], then [`Bound::serve`].

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::io::BufRead;
use std::net::SocketAddr;
use std::sync::Arc;

use camino::Utf8PathBuf;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::sys::clock::Clock;
use crate::sys::clock::SystemClock;
use crate::sys::kerberos::IS_BUILT_IN;

pub mod app;
pub mod asdk;
mod daily;
pub mod faults;
mod files;
pub mod http;
pub mod ids;
pub mod limits;
mod listen;
pub mod store;

pub use crate::server::app::App;
use crate::server::app::fleet::load::LoadError;
use crate::server::app::refused::Refused;
use crate::server::app::role::Role;
use crate::server::app::seed::SeedError;
pub use crate::server::asdk::AsdkOptions;
pub use crate::server::asdk::Profile;
pub use crate::server::asdk::Quirk;
pub use crate::server::faults::Faults;
use crate::server::faults::FaultsError;
pub use crate::server::faults::Faulty;
pub use crate::server::http::Apis;
use crate::server::http::negotiate::Acceptor;
pub use crate::server::http::router;
pub use crate::server::http::router_of;
pub use crate::server::ids::Ids;
pub use crate::server::ids::RandomIds;
pub use crate::server::ids::SeededIds;
pub use crate::server::limits::Limits;
pub use crate::server::store::Store;
use crate::server::store::StoreError;

/// How an exported state begins; other lines of JSON are a fleet.
const STATE_STARTS: &[u8] = br#"{"type":"header""#;

/// The name of the database within the directory of data.
const DATABASE: &str = "consign.db";

/// The name of the first token's file within the directory of data.
const TOKEN_FILE: &str = "admin.token";

/// What the first token is called.
const FIRST_TOKEN: &str = "first administrator";

/// How to serve.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The directory of the database; it is made when it is not there.
    pub data: Utf8PathBuf,
    /// Where the first administrator's token is written; absent: `admin.token` in `data`.
    pub token_file: Option<Utf8PathBuf>,
    /// The certificate chain, PEM.
    pub tls_cert: Option<Utf8PathBuf>,
    /// Its key, PEM.
    pub tls_key: Option<Utf8PathBuf>,
    /// Whether plain HTTP may be spoken to other machines.
    pub insecure: bool,
    /// What to start from: exported states, and files of fleet lines, which are told apart by their first line.
    pub seeds: Vec<Utf8PathBuf>,
    /// The server's time zone, an IANA name; absent: the one that it had, at first the machine's.
    pub zone: Option<String>,
    /// Faults to inject.
    pub faults: Option<Utf8PathBuf>,
    /// Whether the server purges by itself, once a day (PUR-2).
    pub daily_purge: bool,
    /// The keytab by which Kerberos tickets are taken.
    pub kerberos_keytab: Option<Utf8PathBuf>,
    /// The accounts that may come with a ticket, such as `svc-consign@CORP.EXAMPLE`, each with its role.
    pub kerberos_roles: BTreeMap<String, Role>,
    /// Bounds.
    pub limits: Limits,
    /// The APIs to speak.
    pub apis: Apis,
}

impl ServeOptions {
    /// Plain HTTP at an address, over a directory; everything else as it is unless said otherwise.
    pub fn new(listen: SocketAddr, data: Utf8PathBuf) -> Self {
        Self {
            listen,
            data,
            token_file: None,
            tls_cert: None,
            tls_key: None,
            insecure: false,
            seeds: Vec::new(),
            zone: None,
            faults: None,
            daily_purge: true,
            kerberos_keytab: None,
            kerberos_roles: BTreeMap::new(),
            limits: Limits::default(),
            apis: Apis::default(),
        }
    }
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Tokens would be readable on the way.
    #[error("`{0}` is reachable from other machines, and without TLS tokens would be readable on the way")]
    PlainBeyondLoopback(SocketAddr),
    /// One of certificate and key is missing.
    #[error("TLS needs both a certificate and a key")]
    HalfTls,
    /// Certificate or key cannot be used.
    #[error("cannot use `{path}` for TLS")]
    Pem {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// Certificate and key do not go together.
    #[error("cannot use the certificate and key for TLS")]
    Tls(#[from] rustls::Error),
    /// A file or directory cannot be read or made.
    #[error("cannot {what} `{path}`")]
    File {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on `{listen}`")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The store failed.
    #[error("cannot use the server's database")]
    Store(#[from] StoreError),
    /// The seed was not taken.
    #[error("cannot start from `{path}`")]
    Seed {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: SeedError,
    },
    /// The fleet of a seed was not taken.
    #[error("cannot start from `{path}`")]
    FleetSeed {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: LoadError,
    },
    /// What the ASDK names by GUID could not be made.
    #[error("cannot make the folders of the ASDK")]
    Prepare(#[source] Refused),
    /// The zone is none.
    #[error("cannot be in the time zone `{zone}`")]
    Zone {
        /// The zone.
        zone: String,
        /// Why.
        #[source]
        source: Refused,
    },
    /// This build has no Kerberos.
    #[error("this build of consign takes no Kerberos tickets")]
    NoKerberos,
    /// Accounts without a key to take their tickets by.
    #[error("accounts are mapped to roles, and there is no keytab to take their tickets by")]
    NoKeytab,
    /// A key, and nobody who may come.
    #[error("there is a keytab, and no account that may come with a ticket")]
    NobodyMapped,
    /// The file is another one.
    #[error("`{0}` is no keytab")]
    NotAKeytab(Utf8PathBuf),
    /// The faults were not taken.
    #[error("cannot use the faults of `{path}`")]
    Faults {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: FaultsError,
    },
    /// The token file holds something else.
    #[error("`{path}` is there and {why}; the first administrator's token would be written to it")]
    TokenFile {
        /// The file.
        path: Utf8PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The first token could not be made.
    #[error("cannot make the first administrator's token")]
    Token(#[source] Refused),
}

/// A server that listens and does not answer yet.
pub struct Bound {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    service: Faulty,
    limits: Arc<Limits>,
    daily_purge: bool,
    app: App,
    url: String,
    notes: Vec<String>,
}

/// Opens the store, brings it to the present form, seeds it, writes the first administrator's token, and listens.
///
/// Nothing is made before the options are known to make sense, and nobody is answered before all of it is done.
///
/// # Errors
/// When any of that fails.
pub async fn bind(options: ServeOptions) -> Result<Bound, ServeError> {
    bind_with_clock(options, Arc::new(SystemClock)).await
}

/// As [`bind`], with a clock of its own.
///
/// # Errors
/// As [`bind`].
pub async fn bind_with_clock(options: ServeOptions, clock: Arc<dyn Clock>) -> Result<Bound, ServeError> {
    let tls = tls(&options)?;
    kerberos(&options)?;
    if tls.is_none() && !options.insecure && !options.listen.ip().is_loopback() {
        return Err(ServeError::PlainBeyondLoopback(options.listen));
    }
    let faults = read_faults(&options)?;
    let listen = |source| ServeError::Listen { listen: options.listen, source };
    let listener = TcpListener::bind(options.listen).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let mut notes = Vec::new();
    let app = http::blocking(|| open(&options, clock, &mut notes))?;
    if faults.is_some() {
        notes.push("faults are injected on purpose".to_owned());
    }
    let scheme = if tls.is_some() { "https" } else { "http" };
    if options.apis.asdk.as_ref().is_some_and(|asdk| !asdk.has(Quirk::WindowsLoginOnly)) {
        notes
            .push("the ASDK takes tokens of this server, as bearer or as a Basic password: for tests alone".to_owned());
    }
    let mut router = router_of(app.clone(), options.limits.clone(), options.apis.clone(), tls.is_some());
    if let Some(keytab) = &options.kerberos_keytab {
        router = http::negotiate::before(router, Acceptor::new(keytab, options.kerberos_roles.clone()));
    }
    let service = Faulty::new(router, faults.map(Arc::new));
    let (limits, url) = (Arc::new(options.limits), format!("{scheme}://{address}"));
    Ok(Bound { listener, tls, service, limits, daily_purge: options.daily_purge, app, url, notes })
}

/// Whether tickets can be taken, where they are to be.
fn kerberos(options: &ServeOptions) -> Result<(), ServeError> {
    let Some(keytab) = &options.kerberos_keytab else {
        return if options.kerberos_roles.is_empty() { Ok(()) } else { Err(ServeError::NoKeytab) };
    };
    if !IS_BUILT_IN {
        return Err(ServeError::NoKerberos);
    }
    if options.kerberos_roles.is_empty() {
        return Err(ServeError::NobodyMapped);
    }
    let file = |source| ServeError::File { what: "read", path: keytab.clone(), source };
    let mut first = [0; 1];
    std::io::Read::read_exact(&mut files::open_lines(keytab).map_err(file)?, &mut first).map_err(file)?;
    if first == [5] { Ok(()) } else { Err(ServeError::NotAKeytab(keytab.clone())) }
}

impl std::fmt::Debug for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bound").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Bound {
    /// Where it listens, such as `http://127.0.0.1:7450`.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// What whoever started it should know, such as where the first token is.
    pub fn notes(&self) -> Vec<String> {
        self.notes.clone()
    }

    /// Its operations.
    pub fn app(&self) -> App {
        self.app.clone()
    }

    /// Answers until `shutdown` ends; then lets requests that are under way end, within [`Limits::shutdown_time`]. Purges
    /// by itself meanwhile, where it was not told not to (PUR-2).
    ///
    /// # Errors
    /// None at present: what goes wrong with a connection ends that connection.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) -> Result<(), ServeError> {
        let purging = self.daily_purge.then(|| tokio::spawn(daily::purge(self.app, self.limits.purge_look)));
        listen::serve(self.listener, self.tls, self.service, self.limits, shutdown).await;
        if let Some(purging) = purging {
            purging.abort();
            let _ = purging.await; // A piece that is under way is written to its end.
        }
        Ok(())
    }
}

/// Opens the store, and on first start fills it.
fn open(options: &ServeOptions, clock: Arc<dyn Clock>, notes: &mut Vec<String>) -> Result<App, ServeError> {
    let file = |what, path: &Utf8PathBuf| {
        let path = path.clone();
        move |source| ServeError::File { what, path, source }
    };
    files::make_private_directory(&options.data).map_err(file("make", &options.data))?;
    let path = options.data.join(DATABASE);
    files::make_private_file(&path).map_err(file("make", &path))?;
    let store = Store::open(&path)?;
    let app = App::new(store, clock, Arc::new(RandomIds))?;
    set_zone(&app, options)?;
    let mut fleets = Vec::new();
    for path in &options.seeds {
        let mut lines = files::open_lines(path).map_err(file("read", path))?;
        let start = lines.fill_buf().map_err(file("read", path))?;
        if start.starts_with(b"{") && !start.starts_with(STATE_STARTS) {
            fleets.push((path, lines)); // Once the items are there, so that tasks of a fleet are known by their kind.
        } else {
            seed_state(&app, path, &mut lines, notes)?;
        }
    }
    for (path, mut lines) in fleets {
        seed_fleet(&app, path, &mut lines, &options.limits, notes)?;
    }
    if options.apis.asdk.is_some() {
        app.prepare_asdk().map_err(ServeError::Prepare)?;
    }
    if !app.has_tokens()? {
        let path = options.token_file.clone().unwrap_or_else(|| options.data.join(TOKEN_FILE));
        first_token(&app, &path)?;
        notes.push(format!("the first administrator's token is in `{path}`"));
    }
    Ok(app)
}

/// Takes an exported state.
fn seed_state(
    app: &App,
    path: &Utf8PathBuf,
    lines: &mut dyn BufRead,
    notes: &mut Vec<String>,
) -> Result<(), ServeError> {
    let seeded = app.seed(lines).map_err(|source| ServeError::Seed { path: path.clone(), source })?;
    notes.push(format!("{} items from `{path}`", seeded.items));
    if seeded.without_password > 0 {
        let n = seeded.without_password;
        notes.push(format!("{n} programs need their account's password again: passwords are in no export"));
    }
    Ok(())
}

/// Takes what is known of computers, where nothing is known yet.
fn seed_fleet(
    app: &App,
    path: &Utf8PathBuf,
    lines: &mut dyn BufRead,
    limits: &Limits,
    notes: &mut Vec<String>,
) -> Result<(), ServeError> {
    if app.has_computers()? {
        return Err(ServeError::Seed { path: path.clone(), source: SeedError::NotEmpty });
    }
    let loaded =
        app.load_fleet(lines, limits).map_err(|source| ServeError::FleetSeed { path: path.clone(), source })?;
    notes.push(format!("{} lines of computers from `{path}`", loaded.lines));
    Ok(())
}

/// Sets the zone that was asked for; or at first, where the machine says one, that of the machine.
fn set_zone(app: &App, options: &ServeOptions) -> Result<(), ServeError> {
    if let Some(zone) = &options.zone {
        return app.set_zone(zone).map_err(|source| ServeError::Zone { zone: zone.clone(), source });
    }
    let machine = jiff::tz::TimeZone::system();
    match machine.iana_name() {
        Some(zone) if !app.has_zone()? => {
            app.set_zone(zone).map_err(|source| ServeError::Zone { zone: zone.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// Writes the first administrator's token, and then lets it in. Where the server ended in between, the file is there
/// and the token is not known: then it is taken from the file.
fn first_token(app: &App, path: &Utf8PathBuf) -> Result<(), ServeError> {
    let token = app::token::fresh(&RandomIds);
    let written = files::write_private_file(path, &format!("{token}\n"));
    let token = match written {
        Ok(()) => token,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => token_from(path)?,
        Err(source) => return Err(ServeError::File { what: "write", path: path.clone(), source }),
    };
    app.adopt_token(FIRST_TOKEN, Role::Administrator, &token).map_err(ServeError::Token)
}

fn token_from(path: &Utf8PathBuf) -> Result<String, ServeError> {
    let unfit = |why| ServeError::TokenFile { path: path.clone(), why };
    let (token, open_to_others) =
        files::read_token(path).map_err(|source| ServeError::File { what: "read", path: path.clone(), source })?;
    if !app::token::is_well_formed(&token) {
        return Err(unfit("holds no token"));
    }
    if open_to_others {
        return Err(unfit("can be read by others than its owner"));
    }
    Ok(token)
}

fn read_faults(options: &ServeOptions) -> Result<Option<Faults>, ServeError> {
    let Some(path) = &options.faults else { return Ok(None) };
    let text =
        files::read_text(path).map_err(|source| ServeError::File { what: "read", path: path.clone(), source })?;
    Faults::read(&text).map(Some).map_err(|source| ServeError::Faults { path: path.clone(), source })
}

fn tls(options: &ServeOptions) -> Result<Option<TlsAcceptor>, ServeError> {
    let (cert, key) = match (&options.tls_cert, &options.tls_key) {
        (None, None) => return Ok(None),
        (Some(cert), Some(key)) => (cert, key),
        _ => return Err(ServeError::HalfTls),
    };
    let pem = |path: &Utf8PathBuf| {
        let path = path.clone();
        move |source| ServeError::Pem { path, source }
    };
    let chain =
        CertificateDer::pem_file_iter(cert).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(pem(cert))?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(pem(key))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, secret)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Some(TlsAcceptor::from(Arc::new(config))))
}
