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

/// What a reader of YAML 1.1 takes this text for, unquoted, where one of YAML 1.2 takes it for text: `no`, `017`, `1_000`,
/// `12:30`. `None` where both read text, and for dates, which both read as the same.
pub(super) fn otherwise(text: &str) -> Option<&'static str> {
    match text.as_bytes().first()? {
        b'y' | b'Y' | b'n' | b'N' | b'o' | b'O' => is_truth(text).then_some("a truth value"),
        b'<' => (text == "<<").then_some("the key of a merge"),
        b'=' => (text == "=").then_some("a default value"),
        b'0'..=b'9' | b'+' | b'-' | b'.' => {
            if is_date(text) {
                return Some("a date and time");
            }
            let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
            is_number(digits).then_some("a number")
        }
        _ => None,
    }
}

/// The truth values of YAML 1.1 besides `true` and `false`.
fn is_truth(text: &str) -> bool {
    ["y", "n", "yes", "no", "on", "off"].iter().any(|word| {
        let mut capital = (*word).to_owned();
        capital[..1].make_ascii_uppercase();
        text == *word || text == capital || text == word.to_ascii_uppercase()
    })
}

/// A number of YAML 1.1, without its sign.
fn is_number(digits: &str) -> bool {
    let all = |text: &str, test: fn(u8) -> bool| !text.is_empty() && text.bytes().all(|b| b == b'_' || test(b));
    let decimal = |text: &str| all(text, |b| b.is_ascii_digit()) && text.starts_with(|c: char| c.is_ascii_digit());
    if let Some(bits) = digits.strip_prefix("0b") {
        return all(bits, |b| matches!(b, b'0' | b'1'));
    }
    if let Some(hex) = digits.strip_prefix("0x") {
        return all(hex, |b| b.is_ascii_hexdigit());
    }
    // In base 60: `12:30`, `1:30:15.5`.
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.contains(':') {
        let mut parts = whole.split(':');
        let is_sixty = |part: &str| part.len() <= 2 && part.parse::<u8>().is_ok_and(|value| value < 60);
        return parts.next().is_some_and(decimal)
            && parts.all(is_sixty)
            && fraction.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    }
    if digits.contains('.') {
        let (fraction, exponent) = match fraction.split_once(['e', 'E']) {
            Some((fraction, exponent)) => (fraction, exponent.strip_prefix(['-', '+']).unwrap_or("x")),
            None => (fraction, "0"),
        };
        let is_point = whole.is_empty() && fraction.is_empty();
        return !is_point
            && (whole.is_empty() || decimal(whole))
            && fraction.bytes().all(|b| b.is_ascii_digit() || b == b'_')
            && all(exponent, |b| b.is_ascii_digit());
    }
    let is_octal = digits.starts_with('0') && digits.len() > 1;
    if is_octal { all(digits, |b| (b'0'..b'8').contains(&b)) } else { decimal(digits) }
}

/// A date of YAML 1.1 with a time to the second behind it. A date alone is one to all, and stays as it is written.
fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits =
        |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    let is_day =
        digits(0..4) && bytes.get(4) == Some(&b'-') && digits(5..7) && bytes.get(7) == Some(&b'-') && digits(8..10);
    if !is_day {
        return false;
    }
    let Some(time) = text.get(10..) else { return false };
    let time = time.strip_prefix(['T', 't', ' ']).unwrap_or_default().as_bytes();
    let two = |at: usize| time.get(at..at + 2).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    two(0) && time.get(2) == Some(&b':') && two(3) && time.get(5) == Some(&b':') && two(6)
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

    #[test]
    fn man_18_what_yaml_1_1_takes_for_something_else_is_known() {
        for text in [
            "no",
            "No",
            "NO",
            "off",
            "On",
            "y",
            "N",
            "017",
            "-017",
            "1_000",
            "+1_000",
            "12:30",
            "17:00",
            "190:20:30",
            "1:30.5",
            "2026-12-01T08:00:00",
            "2026-12-01 08:00:00",
            "1_0.5",
            "0b1_0",
            "0x_1f",
            "<<",
            "=",
            "00",
            "1.5_0",
        ] {
            assert!(otherwise(text).is_some(), "{text}");
        }
        for text in [
            "",
            "nO",
            "yes please",
            "none",
            "north",
            "24.08.1",
            "1.2.3",
            "7-Zip",
            "30m",
            "019",
            "12:60",
            "12:",
            ":30",
            "12:30 h",
            "2026-12-01",
            "2026-12-01T08:00",
            "2026-12",
            "-",
            "+",
            ".",
            "..",
            "...",
            "1e3",
            "10.0.0.1",
            "a:b",
            "1:2:x",
            "_1",
            "v1.0",
            "0o17",
            "12.e",
            "2026-12-01x",
            "off-line",
            "=x",
            "0xfg",
            "0b2",
            "1.e5",
            "8.x",
        ] {
            assert_eq!(otherwise(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn man_18_what_yaml_1_1_takes_otherwise_is_written_in_quotes(text in "[-+0-9_.:eExobTZynoOfF<= ]{1,10}") {
            if otherwise(&text).is_some() {
                prop_assert!(needs_quotes(&text), "{text}");
            }
        }

        #[test]
        fn numbers_mean_what_serde_yaml_makes_of_them(text in "[-+]{0,2}(0[xob])?[0-9a-fA-F_.eE]{1,20}") {
            if let Some(theirs) = theirs(&text) {
                let ours = resolve(Cow::Borrowed(&text));
                prop_assert!(same(&ours, &theirs), "{ours:?} {theirs:?}");
            }
        }
    }
}
