//! Reports: SQL over [`tables`], kept as items and run when asked (altiris-asdk §4.6).

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::model::guid::Guid;
use crate::server::app::App;
use crate::server::app::asdk::class::Class;
use crate::server::app::asdk::entry;
use crate::server::app::asdk::entry::Entry;
use crate::server::app::asdk::object::Object;
use crate::server::app::asdk::object::Report;
use crate::server::app::asdk::object::ReportParameter;
use crate::server::app::asdk::object::Says;
use crate::server::app::asdk::tables;
use crate::server::app::asdk::tables::Hidden;
use crate::server::app::asdk::wrong_type;
use crate::server::app::refused::Code;
use crate::server::app::refused::Refused;
use crate::server::limits::Limits;
use crate::server::store::Connection;
use crate::server::store::asdk_report::Answer;
use crate::server::store::asdk_report::Sheets;
use crate::server::store::query::Unanswered;

/// How a report is run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Running {
    /// After how many rows it is cut without a word.
    pub cut_after: Option<u64>,
    /// What of the tables is there.
    pub hidden: Hidden,
}

/// The report with this GUID.
///
/// # Errors
/// `not_found`; a wrong type for what is no report.
pub fn find(sql: &Connection, guid: Guid) -> Result<Report, Refused> {
    match entry::find(sql, guid)? {
        Entry::Object(Object { says: Says::Report(report), .. }) => Ok(report),
        _ => Err(wrong_type(guid, Class::Report)),
    }
}

impl App {
    /// The report with this GUID.
    ///
    /// # Errors
    /// As [`find`].
    pub fn report_entry(&self, guid: Guid) -> Result<Report, Refused> {
        self.store().read(|sql| find(sql, guid))
    }

    /// Runs a report with these values for its parameters.
    ///
    /// # Errors
    /// As [`find`]; `invalid` for a value without a parameter, a parameter without a value, and a SQL that cannot be
    /// answered; `too_slow` for one that takes too long.
    pub fn run_report(
        &self,
        guid: Guid,
        values: &BTreeMap<String, String>,
        running: Running,
        limits: &Limits,
    ) -> Result<Answer, Refused> {
        let report = self.report_entry(guid)?;
        let text = filled(&report, values, self.now())?;
        let wanted = tables::spoken_of(&text);
        // Before the store is read: members lock it themselves.
        let members = if wanted.contains("CollectionMembership") { Some(self.members(limits)?) } else { None };
        let sheets = Sheets::new()?;
        match self.store().snapshot()? {
            Some(sql) => tables::fill(&sql, &sheets, &wanted, running.hidden, members.as_ref())?,
            None => {
                self.store().read(|sql| tables::fill(sql, &sheets, &wanted, running.hidden, members.as_ref()))?;
            }
        }
        sheets.run(&text, &limits.report(), running.cut_after)?.map_err(|why| match why {
            Unanswered::Refused(why) => Refused::invalid("sqlQuery", why),
            Unanswered::Slow(_) => Refused::new(Code::TooSlow, why.to_string()),
        })
    }
}

/// The SQL of a report with its parameters filled in: quoted as texts where the report does not quote them itself.
fn filled(report: &Report, values: &BTreeMap<String, String>, now: Timestamp) -> Result<String, Refused> {
    let wrong = |why: String| Refused::invalid("nameValuePairs", why);
    for name in values.keys() {
        if !report.parameters.iter().any(|parameter| parameter.name == *name) {
            return Err(wrong(format!("the report has no parameter `{name}`")));
        }
    }
    let mut text = report.sql.clone();
    for ReportParameter { name, required, default, .. } in &report.parameters {
        let value = values.get(name).or(default.as_ref());
        if value.is_none() && *required {
            return Err(wrong(format!("the report needs a value for `{name}`")));
        }
        // A quote would end the text that the report puts around it, and then say anything.
        let value = value.map(|value| time_word(value, now).unwrap_or_else(|| value.clone())).unwrap_or_default();
        let value = value.replace('\'', "''");
        text = text.replace(&format!("%{name}%"), &value);
    }
    Ok(text)
}

/// What the words `Now`, `Today`, `Today-7` stand for (altiris-asdk §4.6), in UTC as the times of the tables are.
fn time_word(value: &str, now: Timestamp) -> Option<String> {
    let at = now.to_zoned(TimeZone::UTC).datetime();
    if value == "Now" {
        return Some(at.strftime("%Y-%m-%dT%H:%M:%S").to_string());
    }
    let days = value.strip_prefix("Today")?;
    let days: i64 = if days.is_empty() { 0 } else { days.parse().ok()? };
    let day = at.date().checked_add(jiff::Span::new().try_days(days).ok()?).ok()?;
    Some(day.to_string())
}

/// Reads `"A=1, B=2"` (altiris-asdk §4.6): no quotes, and no commas inside.
///
/// # Errors
/// `invalid` for a pair without `=`, or a name that stands twice.
pub fn pairs(text: &str) -> Result<BTreeMap<String, String>, Refused> {
    let wrong = |why: String| Refused::invalid("nameValuePairs", why);
    let mut found = BTreeMap::new();
    for pair in text.split(',').filter(|pair| !pair.trim().is_empty()) {
        let (name, value) = pair.split_once('=').ok_or_else(|| wrong(format!("`{pair}` is no `name=value`")))?;
        if found.insert(name.trim().to_owned(), value.trim().to_owned()).is_some() {
            return Err(wrong(format!("`{}` stands twice", name.trim())));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_time_stand_for_times() {
        let now: Timestamp = "2026-03-05T06:07:08Z".parse().unwrap();
        for (word, time) in [
            ("Now", Some("2026-03-05T06:07:08")),
            ("Today", Some("2026-03-05")),
            ("Today-7", Some("2026-02-26")),
            ("Today+1", Some("2026-03-06")),
            ("Today-", None),
            ("Today-99999999999999", None),
            ("Yesterday", None),
        ] {
            assert_eq!(time_word(word, now).as_deref(), time, "{word}");
        }
    }
}
