//! The settings of managed delivery policies by name, and what values each takes (altiris-asdk §4.11).

use crate::model::guid::Guid;
use crate::server::app::asdk::no_such;
use crate::server::app::refused::Refused;

/// Where a setting belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A policy.
    Policy,
    /// A software item of one.
    Item,
    /// The defaults of the server.
    Defaults,
}

/// What values a setting takes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Values {
    Bool,
    Text,
    Guid,
    Schedule,
    /// One of these.
    Words(&'static [&'static str]),
    /// A whole number within these bounds.
    Number(i64, i64),
    /// A speed; 0 and -1 have these names.
    Speed(&'static str, &'static str),
}

/// A setting (altiris-asdk §4.11).
pub(super) struct Setting {
    pub(super) name: &'static str,
    pub(super) values: Values,
    places: &'static [Place],
    /// What it is when nobody said.
    pub(super) start: &'static str,
}

const P: &[Place] = &[Place::Policy];
const PD: &[Place] = &[Place::Policy, Place::Defaults];
const I: &[Place] = &[Place::Item];
const ID: &[Place] = &[Place::Item, Place::Defaults];
/// The speeds of managed delivery, in KB/s.
const SPEEDS: [i64; 12] = [1, 2, 5, 10, 20, 30, 40, 50, 100, 256, 512, 1024];
const DEFERRAL_MAX: i64 = 79_200;
const NUMBER_MAX: i64 = 2_147_483_647;

const fn setting(name: &'static str, values: Values, places: &'static [Place], start: &'static str) -> Setting {
    Setting { name, values, places, start }
}

const SETTINGS: &[Setting] = &[
    setting("PowerOn", Values::Bool, PD, "False"),
    setting("UserCanRun", Values::Bool, PD, "False"),
    setting("UserMustRun", Values::Bool, PD, "False"),
    setting("PromptUser", Values::Bool, PD, "False"),
    setting("UseProfile", Values::Guid, PD, ""),
    setting("ComplianceSchedule", Values::Schedule, PD, ""),
    setting("RemediationSchedule", Values::Schedule, PD, ""),
    setting(
        "Install",
        Values::Words(&["NoRemediation", "ASAP", "UseMaintenanceWindow", "RegisteredSchedule"]),
        PD,
        "ASAP",
    ),
    setting("VirtualLayer", Values::Text, P, ""),
    setting("DisplayName", Values::Text, P, ""),
    setting("DisplayDescription", Values::Text, P, ""),
    setting("EnableVerbose", Values::Bool, P, "True"),
    setting("ComplianceCheck", Values::Bool, I, "True"),
    setting("UpgradeSuperseded", Values::Bool, I, "False"),
    setting("NoDowngrade", Values::Bool, I, "False"),
    setting("Commandline", Values::Guid, I, ""),
    setting("Package", Values::Guid, I, ""),
    setting("DownloadLocation", Values::Text, ID, ""),
    setting("UseDefaultDownloadSettings", Values::Bool, ID, "True"),
    setting("AllowMulticasting", Values::Bool, ID, "False"),
    setting("RunBandwidth", Values::Speed("Always", "Never"), ID, "-1"),
    setting("DownloadBandwidth", Values::Speed("None", "Never"), ID, "0"),
    setting("DeleteIfUnused", Values::Number(-1, 365), ID, "7"),
    setting("RunAs", Values::Words(&["SystemAccount", "LoggedInAccount", "SpecifiedAccount"]), ID, "SystemAccount"),
    setting("UserDomain", Values::Text, ID, ""),
    setting("UserName", Values::Text, ID, ""),
    setting("UserPassword", Values::Text, ID, ""),
    setting("TaskCanRun", Values::Words(&["UserIsLoggedOn", "UserIsNotLoggedOn", "None"]), ID, "None"),
    setting("RepeatTask", Values::Bool, ID, "False"),
    setting("AllowInteraction", Values::Bool, ID, "False"),
    setting("PromptBeforeRunning", Values::Bool, ID, "False"),
    setting("CloseApplications", Values::Bool, ID, "False"),
    setting("DisplayWindow", Values::Words(&["Normal", "Maximized", "Minimized", "Hidden"]), ID, "Normal"),
    setting("MaxExecutionDeferral", Values::Number(0, DEFERRAL_MAX), ID, "0"),
    setting("MaxActionDeferral", Values::Number(0, DEFERRAL_MAX), ID, "0"),
    setting("ActionAfterRun", Values::Words(&["Logoff", "Restart", "NoAction"]), ID, "NoAction"),
    setting("ActionUponFailure", Values::Words(&["Abort", "Continue", "Repeat"]), ID, "Abort"),
    setting("TerminateAfter", Values::Number(0, NUMBER_MAX), ID, "360"),
    setting("MaxRetries", Values::Number(0, NUMBER_MAX), ID, "0"),
];

/// The setting of this name, in any case; the beginning of one will do where no other begins so.
pub(super) fn find(name: &str, place: Place) -> Result<&'static Setting, Refused> {
    let lower = name.trim().to_ascii_lowercase();
    let here = || SETTINGS.iter().filter(|setting| setting.places.contains(&place));
    if let Some(exact) = here().find(|setting| setting.name.eq_ignore_ascii_case(&lower)) {
        return Ok(exact);
    }
    let mut begun = here().filter(|setting| !lower.is_empty() && setting.name.to_ascii_lowercase().starts_with(&lower));
    match (begun.next(), begun.next()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => Err(no_such(format!("`{name}` is the beginning of several settings"))),
        (None, _) => Err(no_such(format!("there is no setting `{name}`"))),
    }
}

impl Setting {
    /// A value in its one form.
    pub(super) fn value(&self, text: &str) -> Result<String, Refused> {
        let wrong = |wanted: &str| {
            let why = format!("`{text}` is no value of the setting {}: it is {wanted}", self.name);
            Refused::invalid("value", why)
        };
        let bare = text.trim();
        let number = || bare.parse::<i64>().ok();
        match self.values {
            Values::Bool if bare.eq_ignore_ascii_case("true") => Ok("True".to_owned()),
            Values::Bool if bare.eq_ignore_ascii_case("false") => Ok("False".to_owned()),
            Values::Bool => Err(wrong("`true` or `false`")),
            Values::Text | Values::Schedule => Ok(text.to_owned()),
            Values::Guid if bare.is_empty() => Ok(String::new()),
            Values::Guid => {
                bare.parse::<Guid>().map(|guid| guid.to_string()).map_err(|error| wrong(&error.to_string()))
            }
            Values::Words(words) => {
                let word = words.iter().find(|word| word.eq_ignore_ascii_case(bare));
                word.map(|word| (*word).to_owned()).ok_or_else(|| wrong(&format!("one of {}", words.join(", "))))
            }
            Values::Number(least, most) => match number() {
                Some(number) if (least..=most).contains(&number) => Ok(number.to_string()),
                _ => Err(wrong(&format!("a number from {least} to {most}"))),
            },
            Values::Speed(none, never) => match number() {
                Some(number @ (0 | -1)) => Ok(number.to_string()),
                Some(number) if SPEEDS.contains(&number) => Ok(number.to_string()),
                None if bare.eq_ignore_ascii_case(none) => Ok("0".to_owned()),
                None if bare.eq_ignore_ascii_case(never) => Ok("-1".to_owned()),
                _ => Err(wrong(&format!("one of {SPEEDS:?}, 0 or {none}, -1 or {never}"))),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::app::refused::Code;

    #[test]
    fn settings_are_found_by_any_case_and_by_a_beginning_of_one() {
        assert_eq!(find("userCANrun", Place::Policy).unwrap().name, "UserCanRun");
        assert_eq!(find("Comp", Place::Policy).unwrap().name, "ComplianceSchedule");
        assert_eq!(find("Comp", Place::Item).unwrap().name, "ComplianceCheck");
        assert_eq!(find("Package", Place::Item).unwrap().name, "Package");
        for (name, place) in
            [("User", Place::Policy), ("", Place::Policy), ("Nothing", Place::Item), ("RunAs", Place::Policy)]
        {
            assert_eq!(find(name, place).err().unwrap().code, Code::NotFound, "{name}");
        }
    }

    #[test]
    fn values_are_held_to_what_is_legal() {
        let value = |name: &str, text: &str| find(name, Place::Item).unwrap().value(text);
        for (name, text, kept) in [
            ("RepeatTask", "TRUE", "True"),
            ("RunBandwidth", "always", "0"),
            ("RunBandwidth", "-1", "-1"),
            ("DownloadBandwidth", "40", "40"),
            ("DownloadBandwidth", "None", "0"),
            ("DeleteIfUnused", "-1", "-1"),
            ("MaxActionDeferral", "79200", "79200"),
            ("RunAs", "loggedinaccount", "LoggedInAccount"),
        ] {
            assert_eq!(value(name, text).unwrap(), kept, "{name} {text}");
        }
        for (name, text) in [
            ("RepeatTask", "1"),
            ("RunBandwidth", "60"),
            ("DownloadBandwidth", "always"),
            ("DeleteIfUnused", "366"),
            ("MaxActionDeferral", "79201"),
            ("MaxActionDeferral", "-1"),
            ("RunAs", "Somebody"),
            ("Commandline", "x"),
        ] {
            assert!(value(name, text).is_err(), "{name} {text}");
        }
    }
}
