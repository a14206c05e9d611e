//! What every API of a server must give: the same manifests, the same plans, the same end.
//!
//! Each test runs over each API. What one cannot do is named in [`Api::cannot`], and nowhere else: then the plan must say
//! so by itself, and write nothing of it. The native view of the same server is the witness.

mod changes;
mod cycles;
#[cfg(unix)]
mod killed;
mod site;

use serde_json::Value;

use crate::world::Project;
use crate::world::Server;

/// The folder of reports that every server of the vendor has.
const REPORTS: &str = "4d4d03c6-cb51-4502-886f-13f756198b1b";

/// How the server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// The reference server's own.
    Native,
    /// The Altiris ASDK, with SQL reports.
    Altiris,
}

/// What becomes of a change over an API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fares {
    /// It is made, and the item keeps its GUID.
    Updated,
    /// It is made by another item in the place of the first.
    Replaced,
    /// The plan refuses it by name, and nothing is written.
    Refused,
}

/// A server, and a project that knows it by one API.
pub struct World {
    pub api: Api,
    pub server: Server,
    pub project: Project,
}

impl World {
    /// A server that knows some computers, and the project of [`site`].
    pub fn new(api: Api) -> Self {
        Self::with(api, None)
    }

    /// The same, with faults.
    pub fn with(api: Api, faults: Option<&str>) -> Self {
        let server = api.serve(faults);
        server.load(&site::computers());
        server.folder("Software Delivery");
        let project = Project::of(&server, "", &site::MANIFESTS);
        let world = Self { api, server, project };
        world.point();
        if api == Api::Altiris {
            world.project.run(&["probe", "--with-reports"]).exits(0);
        }
        world
    }

    /// Names the server in the project by its address and API.
    pub fn point(&self) {
        self.project.write("token", &self.server.token);
        self.project.write("consign.yaml", &site::project(&self.api.config(&self.server)));
    }

    pub fn items(&self) -> Vec<Value> {
        self.server.items()
    }

    #[track_caller]
    pub fn guid(&self, kind: &str, name: &str) -> String {
        self.server.item(kind, name)["guid"].as_str().unwrap().to_owned()
    }

    /// What an item says by the server's own API.
    #[track_caller]
    pub fn spec(&self, kind: &str, name: &str) -> Value {
        self.server.item(kind, name)["spec"].clone()
    }

    /// Applies all of the site, and is settled.
    #[track_caller]
    pub fn settle(&self) {
        self.project.apply();
        self.project.is_settled();
    }
}

impl Api {
    fn serve(self, faults: Option<&str>) -> Server {
        let directory = tempfile::tempdir().unwrap();
        let mut arguments: Vec<std::ffi::OsString> = match self {
            Self::Native => Vec::new(),
            Self::Altiris => vec!["--api".into(), "native,asdk".into()],
        };
        if let Some(faults) = faults {
            let path = directory.path().join("faults.yaml");
            std::fs::write(&path, faults).unwrap();
            arguments.extend(["--faults".into(), path.into_os_string()]);
        }
        Server::spawn(directory, &arguments)
    }

    /// The lines of `consign.yaml` that name the server.
    fn config(self, server: &Server) -> String {
        match self {
            Self::Native => format!("api: native\n    url: {}", server.url),
            Self::Altiris => {
                format!("api: altiris\n    url: {}/Altiris\n    altiris: {{reports: {REPORTS}}}", server.url)
            }
        }
    }

    /// What becomes of a change of a field over this API, where it is not simply made (altiris-asdk §7).
    pub fn fares(self, kind: &str, field: &str) -> Fares {
        match (self, kind, field) {
            (Self::Altiris, "Task", "priority") => Fares::Replaced,
            (Self::Altiris, kind, field) if site::NOT_OVER_ALTIRIS.contains(&(kind, field)) => Fares::Refused,
            _ => Fares::Updated,
        }
    }
}

/// A test over each API.
macro_rules! over_each_api {
    ($($(#[$doc:meta])* fn $name:ident($world:ident) $body:block)*) => {
        $(
            mod $name {
                #[allow(unused_imports, reason = "not every test needs what stands around it")]
                use super::*;

                $(#[$doc])*
                fn test(api: crate::conformance::Api) {
                    let $world = crate::conformance::World::new(api);
                    $body
                }

                #[test]
                fn native() {
                    test(crate::conformance::Api::Native);
                }

                #[test]
                fn altiris() {
                    test(crate::conformance::Api::Altiris);
                }
            }
        )*
    };
}
pub(crate) use over_each_api;
