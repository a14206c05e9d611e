//! The names of programs that are not whole yet: they are made outside of their package, and called so until every part
//! of them is there.

use crate::model::guid::Guid;

/// What such a name ends with, before the GUID of the package.
const MARK: &str = " (consign makes it for ";

/// The name of a program of a package until it is whole.
pub fn name(name: &str, package: Guid) -> String {
    format!("{name}{MARK}{package})")
}

/// Whether a program is not whole yet: it is neither shown nor deleted, and the next run ends what was begun.
pub fn is(name: &str) -> bool {
    let end = name.strip_suffix(')').and_then(|name| name.rsplit_once(MARK));
    end.is_some_and(|(_, guid)| guid.parse::<Guid>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::is;
    use super::name;
    use crate::model::guid::Guid;

    #[test]
    fn only_what_is_called_so_is_half_made() {
        assert!(is(&name("Install", Guid::of(1))));
        for whole in ["Install", "Install (consign makes it for you)", " (consign makes it for "] {
            assert!(!is(whole), "{whole}");
        }
    }
}
