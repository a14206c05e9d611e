//! Figures as the text file collectors of Prometheus read them: no time stamps, a line end at the end.

use crate::plan::Plan;
use crate::plan::drift::State;
use crate::plan::drift::entries;
use crate::report::drift::Beside;
use crate::report::drift::unmanaged;

/// The most items of a server that have a line of their own: each line is a series in a database of others.
const STREAKS_MAX: usize = 500;

/// One server's part.
pub struct Server<'a> {
    /// Its name in `consign.yaml`.
    pub name: &'a str,
    /// What was found; `None`: nothing could be learnt.
    pub found: Option<Found<'a>>,
}

/// A comparison, and what is known beside it.
pub type Found<'a> = (&'a Plan, &'a Beside);

/// The drift of some servers, looked for at a time in seconds since 1970.
pub fn drift(servers: &[Server<'_>], at_seconds: i64) -> String {
    let mut out = String::new();
    let mut metric = |name: &str, help: &str, lines: Vec<(String, String)>| {
        out.push_str(&format!("# HELP {name} {help}\n# TYPE {name} gauge\n"));
        for (labels, value) in lines {
            out.push_str(&format!("{name}{labels} {value}\n"));
        }
    };
    let flag = |is: bool| if is { "1" } else { "0" }.to_owned();
    let each = |of: &dyn Fn(Option<Found<'_>>) -> Option<String>| -> Vec<(String, String)> {
        let line = |one: &Server<'_>| Some((format!("{{server=\"{}\"}}", label(one.name)), of(one.found)?));
        servers.iter().filter_map(line).collect()
    };
    metric("consign_drift_up", "Whether the server could be compared.", each(&|found| Some(flag(found.is_some()))));
    let complete = each(&|found| found.map(|(plan, _)| flag(plan.complete)));
    metric("consign_drift_complete", "Whether all of the server could be read.", complete);
    let mut lines = Vec::new();
    for one in servers {
        let Some((plan, Beside { verdict, .. })) = one.found else { continue };
        for (state, word) in [(State::Changed, "changed"), (State::Missing, "missing"), (State::Differs, "differs")] {
            for is_known in [false, true] {
                let is_one = |address: &String| verdict.known.contains_key(address) == is_known;
                let n = entries(plan).iter().filter(|entry| entry.state == state && is_one(&entry.address)).count();
                let server = label(one.name);
                let labels = format!("{{server=\"{server}\",state=\"{word}\",known=\"{is_known}\"}}");
                lines.push((labels, n.to_string()));
            }
        }
    }
    metric("consign_drift_items", "Items that are not as the manifests say.", lines);
    let mut lines = Vec::new();
    for one in servers {
        let Some((_, Beside { streaks, .. })) = one.found else { continue };
        for (address, streak) in streaks.iter().flatten().take(STREAKS_MAX) {
            let labels = format!("{{server=\"{}\",item=\"{}\"}}", label(one.name), label(address));
            lines.push((labels, streak.runs.to_string()));
        }
    }
    metric("consign_drift_item_runs", "In how many runs in a row an item that is not known has differed.", lines);
    let most = each(&|found| Some(longest(found?.1)?.to_string()));
    metric("consign_drift_runs_max", "The most runs in a row that an item of the server has differed.", most);
    let left = each(&|found| found.map(|(plan, _)| unmanaged(plan).count().to_string()));
    metric("consign_unmanaged_items", "Items in owned folders that no manifest declares.", left);
    let at = each(&|found| found.map(|_| at_seconds.to_string()));
    metric("consign_drift_last_success_timestamp_seconds", "When the server was compared last.", at);
    out
}

/// The longest streak: 0 where nothing new differs, `None` where no memory is kept.
fn longest(beside: &Beside) -> Option<u32> {
    Some(beside.streaks.as_ref()?.values().map(|streak| streak.runs).max().unwrap_or(0))
}

/// A label's value.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::Server;
    use super::drift;

    #[test]
    fn a_server_that_cannot_be_compared_has_no_figures_but_that() {
        let text = drift(&[Server { name: "a\"b\\c\n", found: None }], 1);
        assert!(text.contains("consign_drift_up{server=\"a\\\"b\\\\c\\n\"} 0\n"), "{text}");
        let values = text.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(values, 1, "a zero would look like no drift\n{text}");
        assert!(text.ends_with('\n'));
    }
}
