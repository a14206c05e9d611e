//! Values as the wire writes them.

use jiff::civil::DateTime;

use crate::adapter::shown::shown;
use crate::model::guid::Guid;

/// `true` or `false` in any case, or `1` or `0`, as columns have it.
///
/// # Errors
/// When it is neither.
pub fn boolean(text: &str) -> Result<bool, String> {
    match text.trim() {
        "1" => Ok(true),
        "0" => Ok(false),
        text if text.eq_ignore_ascii_case("true") => Ok(true),
        text if text.eq_ignore_ascii_case("false") => Ok(false),
        text => Err(format!("`{}` is neither true nor false", shown(text))),
    }
}

/// A whole number.
///
/// # Errors
/// When it is none.
pub fn int(text: &str) -> Result<i64, String> {
    text.trim().parse().map_err(|_| format!("`{}` is not a whole number", shown(text)))
}

/// A GUID in any spelling; `None` where it is empty or all zeros, which both mean none.
///
/// # Errors
/// When it is no GUID.
pub fn guid(text: &str) -> Result<Option<Guid>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let guid: Guid = text.parse().map_err(|_| format!("`{}` is not a GUID", shown(text)))?;
    Ok((guid.bits() != 0).then_some(guid))
}

/// GUIDs in one text, comma-separated, in order of their bits and each once.
///
/// # Errors
/// When a part of it is no GUID.
pub fn guids(text: &str) -> Result<Vec<Guid>, String> {
    let mut out = Vec::new();
    for part in text.split([',', ';']) {
        out.extend(guid(part)?);
    }
    out.sort_unstable();
    out.dedup();
    Ok(out)
}

/// A moment in one of the forms that the ASDK writes and takes; `None` for the texts that mean never. A zone that stands
/// behind it is not looked at: which clock such a moment is on is said elsewhere.
///
/// # Errors
/// When it is no moment.
pub fn moment(text: &str) -> Result<Option<DateTime>, String> {
    let text = text.trim();
    if text.is_empty() || text.starts_with("0001-01-01") {
        return Ok(None);
    }
    let wrong = || format!("`{}` is not a date and time", shown(text));
    let date = text.get(..10).ok_or_else(wrong)?;
    let rest = text.get(10..).unwrap_or_default();
    let time = match rest.chars().next() {
        None => "00:00:00",
        Some('T' | ' ') => {
            let time = rest[1..].trim();
            time.find(['Z', '+', '-']).map_or(time, |end| &time[..end])
        }
        Some(_) => return Err(wrong()),
    };
    format!("{date}T{time}").parse().map(Some).map_err(|_| wrong())
}

/// A column's name as people write it: XML names cannot hold everything, so `_xHHHH_` stands for a character.
pub fn column(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find("_x") {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let decoded = rest
            .get(2..6)
            .filter(|hex| rest.as_bytes().get(6) == Some(&b'_') && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|hex| u32::from_str_radix(hex, 16).ok())
            .and_then(char::from_u32);
        match decoded {
            Some(character) => {
                out.push(character);
                rest = &rest[7..];
            }
            None => {
                out.push_str("_x");
                rest = &rest[2..];
            }
        }
    }
    out.push_str(rest);
    out
}
