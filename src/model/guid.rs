//! Item identity on a delivery server.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

/// A GUID, compared as 128 bits: servers write the same one in upper or lower case, with or without braces
/// (altiris-domain §1).
///
/// Prints in lower case, hyphenated, without braces.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Guid(uuid::Uuid);

impl Guid {
    /// The folder object that every program inherits its portal rights from (PTL-2).
    pub const PROGRAMS_FOLDER: Self = Self::of(0x1FC8_6E41_B94F_4769_9457_1CF9_0A47_BC6A);
    /// The built-in collection of every computer (altiris-domain §1).
    pub const ALL_COMPUTERS: Self = Self::of(0xeb3a_1a12_e1c7_4431_b060_f033_3e4e_488c);
    /// The built-in collection of every Windows computer (altiris-domain §1).
    pub const ALL_WINDOWS_COMPUTERS: Self = Self::of(0xe3a7_1b08_1612_44a6_9f71_7d35_9d54_75b4);

    /// The GUID with these 128 bits.
    pub const fn of(bits: u128) -> Self {
        Self(uuid::Uuid::from_u128(bits))
    }

    /// Its 128 bits.
    pub const fn bits(self) -> u128 {
        self.0.as_u128()
    }
}

/// A text that is not a GUID.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a GUID; one looks like `1fc86e41-b94f-4769-9457-1cf90a47bc6a`, braces optional")]
pub struct NotAGuid(String);

impl FromStr for Guid {
    type Err = NotAGuid;

    fn from_str(text: &str) -> Result<Self, NotAGuid> {
        let bare = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(text);
        // Only the hyphenated form: `uuid` alone would also take URNs and bare digits, which no server writes.
        if bare.len() != 36 {
            return Err(NotAGuid(text.to_owned()));
        }
        uuid::Uuid::try_parse(bare).map(Self).map_err(|_| NotAGuid(text.to_owned()))
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.as_hyphenated())
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Guid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Guid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Guid {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Guid".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": r"^\{?[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}\}?$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Guid;

    #[test]
    fn case_and_braces_do_not_matter() {
        let plain: Guid = "1fc86e41-b94f-4769-9457-1cf90a47bc6a".parse().unwrap();
        let braced: Guid = "{1FC86E41-B94F-4769-9457-1CF90A47BC6A}".parse().unwrap();
        assert_eq!(plain, braced);
        assert_eq!(plain, Guid::PROGRAMS_FOLDER);
        assert_eq!(braced.to_string(), "1fc86e41-b94f-4769-9457-1cf90a47bc6a");
    }

    #[test]
    fn half_a_brace_and_bare_digits_are_refused() {
        for text in ["{1fc86e41-b94f-4769-9457-1cf90a47bc6a", "1fc86e41b94f476994571cf90a47bc6a", "", "urn:uuid:x"] {
            assert!(text.parse::<Guid>().is_err(), "{text}");
        }
    }
}
