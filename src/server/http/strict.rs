//! JSON without doubt: a key that stands twice in an object is refused, where most readers silently take the last.

use std::fmt;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::DeserializeOwned;
use serde::de::Error;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde_json::Map;
use serde_json::Value;

use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;

/// A value in which no object has a key twice.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }
    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(value)) = seq.next_element()? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let Strict(value) = entries.next_value()?;
            if map.contains_key(&key) {
                return Err(A::Error::custom(format_args!("the key `{key}` stands twice")));
            }
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

/// Reads a body as `T`.
///
/// # Errors
/// `malformed` when it is no JSON, or deeper than 128 levels, or has a key twice; `invalid` when it is no `T`.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    let Strict(value) = serde_json::from_slice(body)
        .map_err(|error| Refused::new(Code::Malformed, format!("the body is not JSON that can be read: {error}")))?;
    serde_json::from_value(value).map_err(|error| {
        let why = error.to_string();
        // serde names the field between backticks where one is missing or unknown.
        let field = why.split('`').nth(1).filter(|_| why.contains(" field ")).map(str::to_owned);
        let refused = Refused::new(Code::Invalid, why);
        match field {
            Some(field) => refused.with("field", field),
            None => refused,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_stands_twice_is_refused_at_any_depth() {
        for bad in [r#"{"a":1,"a":1}"#, r#"[{"x":{"a":1,"b":2,"a":3}}]"#, "{", "", "{} {}", "\u{feff}{}"] {
            assert_eq!(read::<Value>(bad.as_bytes()).unwrap_err().code, Code::Malformed, "{bad}");
        }
        let good = r#"{"a":[1,-1,1.5,"x",null,true,{"a":{}}]}"#;
        assert_eq!(read::<Value>(good.as_bytes()).unwrap().to_string(), good);
    }

    #[test]
    fn depth_is_bounded() {
        let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(read::<Value>(deep(100).as_bytes()).is_ok());
        assert_eq!(read::<Value>(deep(100_000).as_bytes()).unwrap_err().code, Code::Malformed);
    }
}
