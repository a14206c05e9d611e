//! Manifests: text to a site with places, and items back to text. Opens no files.
//!
//! A run reads the project file with [`read_project`], the manifests with [`parse`], the overlays of a server with
//! [`parse_overlays`], and puts them together with [`Manifests::site`]. Findings name JSON pointers until [`locate`]
//! looks up where they stand.
//!
//! A clean document goes from the parser's events to a tree to its type, and nothing else: no schema, no spans, no
//! second value. What the type refuses is judged by the schema that comes from the type, and told in our words.

#[cfg(test)]
mod agreement;
mod allow;
mod de;
mod document;
mod edit;
mod fields;
mod format;
mod load;
mod locate;
mod outline;
mod overlay;
mod print;
mod project;
mod repair;
mod scalar;
mod schema;
mod site;
mod starter;
mod syntax;
mod translate;
mod tree;
mod variables;
mod yaml;

pub use edit::Written;
pub use fields::Field;
pub use fields::NoSuchField;
pub use fields::about;
pub use fields::all_fields;
pub use fields::field;
pub use fields::fields;
pub use fields::project_fields;
pub use format::format;
pub use load::Manifests;
pub use load::Overlays;
pub use load::parse;
pub use load::parse_overlays;
pub use locate::locate;
pub use outline::Here;
pub use outline::Named;
pub use outline::Role;
pub use outline::Slot;
pub use outline::Sort;
pub use outline::Spot;
pub use outline::here;
pub use outline::is_lone;
pub use outline::outline;
pub use outline::renamed;
pub use outline::settle;
pub use outline::slot;
pub use print::flow;
pub use print::print_item;
pub use project::manifest_entries;
pub use project::overlay_entries;
pub use project::read_project;
pub use repair::Made;
pub use repair::Repaired;
pub use repair::repair;
pub use schema::File;
pub use schema::schema_of;
pub use schema::schemas;
pub use starter::Known;
pub use starter::starter;
pub use variables::readings;
pub use yaml::Yaml;
pub use yaml::YamlValue;
pub use yaml::read_yaml;
pub use yaml::remarked;

pub use crate::diag::Loaded;
pub use crate::diag::Origin;
pub use crate::diag::Origins;
