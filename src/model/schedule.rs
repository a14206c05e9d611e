//! When something happens again and again.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::model::units::Duration;
use crate::model::units::LocalDateTime;
use crate::model::units::TimeOfDay;

/// When something starts. A task's schedule runs by the computer's own clock and zone (TSK-5); other users say whose
/// clock they mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Schedule {
    /// Once, at this date and time.
    At(LocalDateTime),
    /// Every day at this time.
    Daily(TimeOfDay),
    /// On some days of every week, or of every n-th week.
    Weekly(Weekly),
    /// On one day of every month, or of every n-th month.
    Monthly(Monthly),
    /// At a fixed distance, counted from a date and time.
    Every(Every),
}

/// Some days of a week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Weekly {
    /// The days; at least one.
    #[schemars(length(min = 1))]
    pub days: Vec<Weekday>,
    /// The time of day it starts.
    pub time: TimeOfDay,
    /// 1 for every week, 2 for every other one, and so on.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 52))]
    pub every: u8,
    /// The first date and time it counts from; needed when `every` is above 1.
    #[serde(default)]
    pub from: Option<LocalDateTime>,
}

/// One day of a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Monthly {
    /// The day: `{date: 15}`, `last`, or `{week: second, weekday: tue}`.
    pub day: MonthDay,
    /// Days added to that day, such as 3 for three days after the second Tuesday.
    #[serde(default)]
    #[schemars(range(min = 0, max = 27))]
    pub offset_days: u8,
    /// The time of day it starts.
    pub time: TimeOfDay,
    /// 1 for every month, 3 for every quarter, and so on.
    #[serde(default = "one")]
    #[schemars(range(min = 1, max = 12))]
    pub every: u8,
    /// The first date and time it counts from; needed when `every` is above 1.
    #[serde(default)]
    pub from: Option<LocalDateTime>,
}

/// A fixed distance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Every {
    /// How far apart two starts are.
    pub interval: Duration,
    /// The first start.
    pub from: LocalDateTime,
}

/// A day of a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum MonthDay {
    /// `last`.
    Last(LastDay),
    /// A day by number; months without it are passed over.
    Date(DateOfMonth),
    /// A weekday by its place in the month.
    Weekday(WeekdayOfMonth),
}

/// The last day of a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum LastDay {
    /// The last day, 28 to 31.
    Last,
}

/// A day by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DateOfMonth {
    /// 1 to 31.
    #[schemars(range(min = 1, max = 31))]
    pub date: u8,
}

/// A weekday by its place, such as the second Tuesday.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WeekdayOfMonth {
    /// Which one in the month.
    pub week: WeekOfMonth,
    /// Which day.
    pub weekday: Weekday,
}

/// A place in a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum WeekOfMonth {
    /// The first.
    First,
    /// The second.
    Second,
    /// The third.
    Third,
    /// The fourth.
    Fourth,
    /// The last, fourth or fifth.
    Last,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Weekday {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

const fn one() -> u8 {
    1
}

/// Whose clock a time is read on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Clock {
    /// The computer's own clock and zone.
    #[default]
    Computer,
    /// The delivery server's clock and zone.
    Server,
}

/// Whose clock a maintenance window is read on (MW-9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum WindowClock {
    /// The computer's own clock and zone.
    #[default]
    Computer,
    /// UTC; it moves by an hour against local time when daylight saving changes.
    Utc,
}
