//! What a plain scalar means: exactly what `serde_yaml` makes of it.

use std::borrow::Cow;

use super::tree::Data;

/// The meaning of a scalar without quotes: null, a truth value, a number, or else text.
pub(super) fn resolve(text: Cow<'_, str>) -> Data<'_> {
    // Most scalars are words; their first letter says so.
    match text.as_bytes().first() {
        None => Data::Null,
        Some(b'~' | b'n' | b'N') => match text.as_ref() {
            "~" | "null" | "Null" | "NULL" => Data::Null,
            _ => Data::Text(text),
        },
        Some(b't' | b'T' | b'f' | b'F') => match text.as_ref() {
            "true" | "True" | "TRUE" => Data::Bool(true),
            "false" | "False" | "FALSE" => Data::Bool(false),
            _ => Data::Text(text),
        },
        Some(b'0'..=b'9' | b'+' | b'-' | b'.') => number(&text).unwrap_or(Data::Text(text)),
        Some(_) => Data::Text(text),
    }
}

fn number(text: &str) -> Option<Data<'static>> {
    if has_leading_zero(text) {
        return None; // `017` is text in YAML 1.2.
    }
    if let Some(value) = integer(text) {
        // Beyond 64 bits it is no number of ours; as a float it is refused where a whole number is wanted.
        let fits = i128::from(i64::MIN) <= value && value <= i128::from(u64::MAX);
        #[expect(clippy::cast_precision_loss, reason = "only its being too large matters")]
        return Some(if fits { Data::Int(value) } else { Data::Float(value as f64) });
    }
    float(text).map(Data::Float)
}

fn integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x', ..] => (16, &digits[2..]),
        [b'0', b'o', ..] => (8, &digits[2..]),
        [b'0', b'b', ..] => (2, &digits[2..]),
        _ => (10, digits),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let value = i128::from_str_radix(digits, radix).ok()?;
    Some(if negative { -value } else { value })
}

fn float(text: &str) -> Option<f64> {
    let bare = text.strip_prefix('+').unwrap_or(text);
    if bare.len() < text.len() && bare.starts_with(['+', '-']) {
        return None;
    }
    match (bare, text) {
        (".inf" | ".Inf" | ".INF", _) => return Some(f64::INFINITY),
        (_, "-.inf" | "-.Inf" | "-.INF") => return Some(f64::NEG_INFINITY),
        (_, ".nan" | ".NaN" | ".NAN") => return Some(f64::NAN),
        _ => {}
    }
    bare.parse().ok().filter(|value: &f64| value.is_finite())
}

fn has_leading_zero(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a YAML 1.1 or 1.2 reader would take this text, unquoted, for anything else than itself: `no`, `on`, `017`,
/// `1_000`, `12:30`, `2026-12-01`.
pub(super) fn needs_quotes(text: &str) -> bool {
    if !matches!(resolve(Cow::Borrowed(text)), Data::Text(_)) {
        return true;
    }
    let lower = text.to_ascii_lowercase();
    if matches!(
        lower.as_str(),
        "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null" | "~" | "<<" | "=" | ".inf" | ".nan"
    ) {
        return true;
    }
    // Numbers, dates and times of YAML 1.1 hold no letters but these and start with a digit, a sign or a point.
    text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.'))
        && text
            .chars()
            .all(|c| c.is_ascii_hexdigit() || matches!(c, '+' | '-' | '.' | ':' | '_' | 'x' | 'o' | 'T' | 'Z' | ' '))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;

    use super::*;

    /// The same scalar as `serde_yaml` takes it.
    fn theirs(text: &str) -> Option<Data<'static>> {
        use serde_yaml::Value;
        let value: Value = serde_yaml::from_str(text).ok()?;
        Some(match value {
            Value::Null => Data::Null,
            Value::Bool(value) => Data::Bool(value),
            Value::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(value), _) => Data::Int(value.into()),
                (_, Some(value)) => Data::Int(value.into()),
                _ => Data::Float(number.as_f64()?),
            },
            Value::String(text) => Data::Text(Cow::Owned(text)),
            _ => return None,
        })
    }

    fn same(ours: &Data<'_>, theirs: &Data<'_>) -> bool {
        match (ours, theirs) {
            (Data::Float(a), Data::Float(b)) => a == b || a.is_nan() && b.is_nan(),
            _ => ours == theirs,
        }
    }

    #[test]
    fn scalars_mean_what_serde_yaml_makes_of_them() {
        for text in [
            "~",
            "null",
            "Null",
            "NULL",
            "nUll",
            "true",
            "True",
            "TRUE",
            "tRue",
            "false",
            "yes",
            "no",
            "on",
            "off",
            "y",
            "0",
            "-0",
            "+0",
            "00",
            "017",
            "-017",
            "+017",
            "0o17",
            "-0o17",
            "+0o17",
            "0o8",
            "0x1F",
            "0X1F",
            "-0x1f",
            "0x-1",
            "0x",
            "0b101",
            "0b2",
            "1_000",
            "12:30",
            "1",
            "-1",
            "+1",
            "--1",
            "+-1",
            "9223372036854775807",
            "9223372036854775808",
            "18446744073709551615",
            "-9223372036854775808",
            "1.0",
            "1.10",
            "24.08",
            "1.",
            ".5",
            "-.5",
            "+.5",
            ".",
            "..",
            "1e3",
            "1e400",
            "-1e400",
            "1E-3",
            "e3",
            ".inf",
            "-.inf",
            "+.inf",
            ".Inf",
            ".nan",
            ".NaN",
            ".NAN",
            "inf",
            "nan",
            "NaN",
            "infinity",
            "2026-12-01",
            "30m",
            "1.2.3",
            "0.0",
            "00.5",
            "+",
            "0xfg",
        ] {
            let theirs = theirs(text).unwrap();
            assert!(same(&resolve(Cow::Borrowed(text)), &theirs), "{text}: {:?} {theirs:?}", resolve(text.into()));
        }
    }

    #[test]
    fn what_other_readers_take_differently_is_quoted() {
        for text in [
            "no",
            "On",
            "y",
            "017",
            "1_000",
            "12:30",
            "1.10",
            "2026-12-01",
            "",
            "~",
            "null",
            "0x1f",
            "-1",
            "=",
            "<<",
            ".5",
        ] {
            assert!(needs_quotes(text), "{text}");
        }
        for text in ["30m", "7-Zip", "normal", "nothing", "yes please", "v1.0"] {
            assert!(!needs_quotes(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn numbers_mean_what_serde_yaml_makes_of_them(text in "[-+]{0,2}(0[xob])?[0-9a-fA-F_.eE]{1,20}") {
            if let Some(theirs) = theirs(&text) {
                let ours = resolve(Cow::Borrowed(&text));
                prop_assert!(same(&ours, &theirs), "{ours:?} {theirs:?}");
            }
        }
    }
}
