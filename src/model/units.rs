//! Units: durations and times as manifests write them.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

/// A length of time in whole seconds, written `90s`, `30m`, `4h` or `7d`.
///
/// A day is 24 hours. Prints in the largest unit that divides it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration(u64);

impl Duration {
    /// Nothing at all, `0m`.
    pub const ZERO: Self = Self(0);
    /// The longest one a manifest may write: ten years.
    pub const MAX: Self = Self::days(3650);

    /// So many seconds.
    pub const fn seconds(n: u64) -> Self {
        Self(n)
    }
    /// So many minutes.
    pub const fn minutes(n: u64) -> Self {
        Self(n * 60)
    }
    /// So many hours.
    pub const fn hours(n: u64) -> Self {
        Self(n * 3600)
    }
    /// So many days of 24 hours.
    pub const fn days(n: u64) -> Self {
        Self(n * 86_400)
    }
    /// Its length in seconds.
    pub const fn as_seconds(self) -> u64 {
        self.0
    }
    /// Its length in minutes, if it is a whole number of them.
    pub const fn whole_minutes(self) -> Option<u64> {
        if self.0.is_multiple_of(60) { Some(self.0 / 60) } else { None }
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("0m"),
            n if n.is_multiple_of(86_400) => write!(f, "{}d", n / 86_400),
            n if n.is_multiple_of(3600) => write!(f, "{}h", n / 3600),
            n if n.is_multiple_of(60) => write!(f, "{}m", n / 60),
            n => write!(f, "{n}s"),
        }
    }
}

impl fmt::Debug for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is not a duration.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a duration; write a whole number and its unit, such as `30m`, `4h` or `7d`, at most `3650d`")]
pub struct NotADuration(String);

impl FromStr for Duration {
    type Err = NotADuration;

    fn from_str(text: &str) -> Result<Self, NotADuration> {
        let fail = || NotADuration(text.to_owned());
        let unit = match text.chars().last().ok_or_else(fail)? {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            _ => return Err(fail()),
        };
        let digits = &text[..text.len() - 1];
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(fail());
        }
        let seconds = digits.parse::<u64>().ok().and_then(|n| n.checked_mul(unit)).ok_or_else(fail)?;
        if seconds > Self::MAX.0 { Err(fail()) } else { Ok(Self(seconds)) }
    }
}

/// Gives a type that is written as one string its serde and schema forms from `FromStr` and `Display`.
macro_rules! string_form {
    ($ty:ty, $name:literal, $pattern:literal, $description:literal) => {
        impl Serialize for $ty {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $ty {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
        impl schemars::JsonSchema for $ty {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }
            fn inline_schema() -> bool {
                true
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": $pattern, "description": $description })
            }
        }
    };
}
pub(crate) use string_form;

string_form!(Duration, "Duration", "^[0-9]+[smhd]$", "A whole number and its unit: `30m`, `4h`, `7d`.");

/// A time of day on a 24-hour clock, written `17:00`; whose clock is said where it is used.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay {
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

impl fmt::Debug for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is not a time of day.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a time of day; write hours and minutes of a 24-hour clock, such as `\"17:00\"`")]
pub struct NotATimeOfDay(String);

impl FromStr for TimeOfDay {
    type Err = NotATimeOfDay;

    fn from_str(text: &str) -> Result<Self, NotATimeOfDay> {
        let bytes = text.as_bytes();
        let digit = |at: usize| bytes.get(at).filter(|byte| byte.is_ascii_digit()).map(|byte| byte - b'0');
        if let (5, Some(b':'), Some(a), Some(b), Some(c), Some(d)) =
            (bytes.len(), bytes.get(2).copied(), digit(0), digit(1), digit(3), digit(4))
        {
            let (hour, minute) = (a * 10 + b, c * 10 + d);
            if hour < 24 && minute < 60 {
                return Ok(Self { hour, minute });
            }
        }
        Err(NotATimeOfDay(text.to_owned()))
    }
}

string_form!(
    TimeOfDay,
    "TimeOfDay",
    "^([01][0-9]|2[0-3]):[0-5][0-9]$",
    "Hours and minutes, 24-hour clock: `\"17:00\"`."
);

/// A date and time without a zone, to the minute, written `2026-12-01T08:00`; whose clock is said where it is used.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalDateTime(jiff::civil::DateTime);

impl LocalDateTime {
    /// The civil date and time.
    pub const fn civil(self) -> jiff::civil::DateTime {
        self.0
    }
}

impl From<jiff::civil::DateTime> for LocalDateTime {
    fn from(value: jiff::civil::DateTime) -> Self {
        Self(value)
    }
}

impl fmt::Display for LocalDateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.0;
        write!(f, "{:04}-{:02}-{:02}T{:02}:{:02}", at.year(), at.month(), at.day(), at.hour(), at.minute())?;
        if at.second() != 0 { write!(f, ":{:02}", at.second()) } else { Ok(()) }
    }
}

impl fmt::Debug for LocalDateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is not a date and time.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a date and time; write it as `2026-12-01T08:00`, without a zone")]
pub struct NotADateTime(String);

impl FromStr for LocalDateTime {
    type Err = NotADateTime;

    fn from_str(text: &str) -> Result<Self, NotADateTime> {
        let fail = || NotADateTime(text.to_owned());
        let shape = text.len() == 16 || text.len() == 19;
        if !shape || text.as_bytes()[10] != b'T' {
            return Err(fail());
        }
        text.parse::<jiff::civil::DateTime>().map(Self).map_err(|_| fail())
    }
}

string_form!(
    LocalDateTime,
    "LocalDateTime",
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?$",
    "A date and time without a zone: `2026-12-01T08:00`."
);

/// A share of a whole, written `30%`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent(pub u8);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

impl fmt::Debug for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is not a share.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a share; write a whole number from 0 to 100 and `%`, such as `30%`")]
pub struct NotAPercent(String);

impl FromStr for Percent {
    type Err = NotAPercent;

    fn from_str(text: &str) -> Result<Self, NotAPercent> {
        text.strip_suffix('%')
            .filter(|digits| digits.len() <= 3 && digits.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|digits| digits.parse::<u8>().ok())
            .filter(|n| *n <= 100)
            .map(Self)
            .ok_or_else(|| NotAPercent(text.to_owned()))
    }
}

string_form!(Percent, "Percent", "^(100|[0-9]{1,2})%$", "A share from `0%` to `100%`.");

/// A calendar date, written `2026-12-31`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Date(jiff::civil::Date);

impl Date {
    /// The civil date.
    pub const fn civil(self) -> jiff::civil::Date {
        self.0
    }
}

impl From<jiff::civil::Date> for Date {
    fn from(value: jiff::civil::Date) -> Self {
        Self(value)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), self.0.month(), self.0.day())
    }
}

/// A text that is not a date.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a date; write it as `2026-12-31`")]
pub struct NotADate(String);

impl FromStr for Date {
    type Err = NotADate;

    fn from_str(text: &str) -> Result<Self, NotADate> {
        let fail = || NotADate(text.to_owned());
        if text.len() != 10 {
            return Err(fail());
        }
        text.parse::<jiff::civil::Date>().map(Self).map_err(|_| fail())
    }
}

string_form!(Date, "Date", "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "A date: `2026-12-31`.");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_print_in_the_largest_unit_and_read_back() {
        for (text, seconds) in [("30m", 1800), ("4h", 14_400), ("7d", 604_800), ("90s", 90), ("90m", 5400)] {
            let duration: Duration = text.parse().unwrap();
            assert_eq!(duration.as_seconds(), seconds);
            assert_eq!(duration.to_string(), text);
        }
        assert_eq!("60m".parse::<Duration>().unwrap().to_string(), "1h");
        for bad in ["", "m", "30", "-1m", "1.5h", "99999999999999999999d", "4000d", "30 m", "٣m"] {
            assert!(bad.parse::<Duration>().is_err(), "{bad}");
        }
    }

    #[test]
    fn times_of_day_are_two_digits_each() {
        assert_eq!("17:00".parse::<TimeOfDay>().unwrap().to_string(), "17:00");
        for bad in ["7:00", "24:00", "17:60", "17-00", "17:0", ""] {
            assert!(bad.parse::<TimeOfDay>().is_err(), "{bad}");
        }
    }

    #[test]
    fn dates_and_shares_read_back() {
        assert_eq!("2026-12-01T08:00".parse::<LocalDateTime>().unwrap().to_string(), "2026-12-01T08:00");
        assert!("2026-12-01 08:00".parse::<LocalDateTime>().is_err());
        assert!("2026-13-01T08:00".parse::<LocalDateTime>().is_err());
        assert!("2026-12-01T08:00Z".parse::<LocalDateTime>().is_err());
        assert_eq!("30%".parse::<Percent>().unwrap(), Percent(30));
        for bad in ["101%", "%", "30", "-1%", "3.5%"] {
            assert!(bad.parse::<Percent>().is_err(), "{bad}");
        }
    }
}
