//! What commands know of the computers: read from the server, or from a file of the same lines.

use camino::Utf8Path;

use crate::adapter::FleetRead;
use crate::adapter::ReadAdapter;
use crate::adapter::native::fleet;
use crate::agent::policy::Rules;
use crate::cli::context::Context;
use crate::cli::context::block_on;
use crate::cli::context::connect_to_read;
use crate::cli::exit;
use crate::cli::failure::Failure;
use crate::model::collection::Query;
use crate::model::fleet::Fleet;
use crate::model::fleet::Part;
use crate::model::guid::Guid;
use crate::model::project::ServerConfig;
use crate::plan::consequences::Computers;
use crate::reach::Evaluated;
use crate::reach::Known;
use crate::reach::query_key;
use crate::sys::disk;
use crate::sys::files;

/// The largest file of computers that is read, in bytes.
const FLEET_BYTES_MAX: u64 = 2 << 30;
/// How many queries are asked about at most; the rest is not known.
const QUERIES_MAX: usize = 200;

/// Reads what is known of the computers: from the file where one is given, else from the server. What the server could
/// not tell is a gap; a file that cannot be read, or is of another server, is a failure.
///
/// # Errors
/// With the file's fault.
pub async fn read_fleet(
    context: &Context,
    reader: &dyn ReadAdapter,
    file: Option<&Utf8Path>,
    instance: Guid,
) -> Result<FleetRead, Failure> {
    let Some(path) = file else {
        let read = reader.fleet().await;
        return Ok(match read.fleet.instance {
            Some(other) if other != instance => {
                FleetRead::untold("the computers are of another instance than the server says it is")
            }
            _ => read,
        });
    };
    let read = fleet_of_file(context, path)?;
    match read.fleet.instance {
        Some(other) if other != instance => {
            Err(Failure::new(exit::DATA, format!("`{path}` tells of the computers of another server ({other})")))
        }
        _ => Ok(read),
    }
}

/// Reads what is known of the computers from a file of what a server answered to `GET /v1/fleet`.
///
/// # Errors
/// When it cannot be read, or is not whole.
pub fn fleet_of_file(context: &Context, path: &Utf8Path) -> Result<FleetRead, Failure> {
    let bytes = disk::read_bounded(&context.directory.join(path), FLEET_BYTES_MAX)
        .map_err(|error| Failure::from_error(exit::USAGE, &error))?;
    fleet::read(&bytes).map_err(|why| {
        Failure::new(exit::DATA, format!("`{path}` is not used: {why}"))
            .help("it is to hold what the server answers to `GET /v1/fleet`, whole")
    })
}

/// Reads what the server tells of the computers, and keeps it as it came.
///
/// # Errors
/// When it cannot be had whole, or not be written.
pub async fn keep_fleet(context: &Context, reader: &dyn ReadAdapter, path: &Utf8Path) -> Result<FleetRead, Failure> {
    let text = reader.fleet_text().await?;
    let read = fleet::read(&text).map_err(|why| {
        Failure::new(exit::ERROR, format!("what the server tells of its computers is not kept: {why}"))
    })?;
    files::write_atomic(&context.directory.join(path), &text, None)
        .map_err(|error| Failure::from_error(exit::ERROR, &error))?;
    Ok(read)
}

/// What is known of a server's computers, for a plan.
pub struct Knowledge {
    read: FleetRead,
    evaluated: Evaluated,
    rules: Rules,
}

impl Knowledge {
    /// Nothing but what kind of server it is.
    pub fn nothing(config: &ServerConfig) -> Self {
        let rules = Rules::of(config.api);
        Self { read: FleetRead::untold("no fleet data was read"), evaluated: Evaluated::new(), rules }
    }

    /// What the server, or a file, tells, and whom the queries find that then are still open.
    ///
    /// # Errors
    /// As [`read_fleet`].
    pub fn read(
        context: &Context,
        root: &Utf8Path,
        config: &ServerConfig,
        file: Option<&Utf8Path>,
        instance: Guid,
        questions: impl FnOnce(&Fleet) -> Vec<Query>,
    ) -> Result<Self, Failure> {
        let reader = connect_to_read(root, config)?;
        block_on(async {
            let read = read_fleet(context, &*reader, file, instance).await?;
            let evaluated = if read.fleet.gaps.contains_key(&Part::Computers) {
                Evaluated::new()
            } else {
                evaluate_all(&*reader, &questions(&read.fleet), &read).await
            };
            Ok(Self { read, evaluated, rules: Rules::of(config.api) })
        })
    }

    /// The same, as a plan takes it.
    pub const fn computers(&self) -> Computers<'_> {
        Computers { fleet: Some(&self.read.fleet), evaluated: &self.evaluated, rules: self.rules }
    }
}

/// Asks whom queries find that no collection has stored, one after the other.
pub async fn evaluate_all(reader: &dyn ReadAdapter, queries: &[Query], read: &FleetRead) -> Evaluated {
    let mut evaluated = Evaluated::new();
    for (n, query) in queries.iter().enumerate() {
        let found = if n < QUERIES_MAX {
            reader.evaluate(query, read).await
        } else {
            Known::Unknown(format!("more than {QUERIES_MAX} queries are new"))
        };
        evaluated.insert(query_key(query), found);
    }
    evaluated
}
