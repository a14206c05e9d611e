//! When computers run what and restart, as bars by hour under the maintenance windows.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::forecast::classes::time_zone;
use crate::report::escape::capped;
use crate::report::escape::html;
use crate::report::plan::consequences::grouped;
use crate::report::view::Timeline;
use crate::report::view::View;

/// Columns of bars; more hours than that are put together.
const COLUMNS: i64 = 168;
/// The most rows; those with the most starts.
const ROWS: usize = 40;
const LABEL: i64 = 250;
const WIDTH: i64 = 1100;
const ROW: i64 = 34;
const TOP: i64 = 26;

/// The section; empty where no forecast was made.
pub(super) fn section(view: &View<'_>) -> String {
    let Some(timeline) = &view.forecast else { return String::new() };
    let (Some(from), Some(to)) = (timeline.from, timeline.to) else { return String::new() };
    let zone = time_zone(&timeline.zone);
    let mut rows: Vec<_> = timeline.rows.iter().filter(|row| !row.hours.is_empty()).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.hours.iter().map(|(_, n)| *n).sum::<u64>()));
    rows.truncate(ROWS);
    let scale = Scale { from: from.as_second(), seconds: (to.as_second() - from.as_second()).max(1) };
    let windows = by_window(timeline);
    let height = TOP + ROW * (rows.len() + windows.len()) as i64 + 8;
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"Runs, restarts and windows over time; the table \
         below says the same\">"
    );
    svg.push_str(&axis(&scale, &zone, height));
    let mut y = TOP;
    for (name, opens) in &windows {
        svg.push_str(&label(&format!("window/{name}"), y));
        for (from, to) in opens {
            let (x, end) = (scale.x(*from), scale.x(*to));
            let (when, until) = (minute(*from, &zone), minute(*to, &zone));
            svg.push_str(&format!(
                "<rect class=\"win\" x=\"{x}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{when} to {until}</title></rect>",
                y + 4,
                (end - x).max(2),
                ROW - 8
            ));
        }
        y += ROW;
    }
    let mut table = String::new();
    for row in rows {
        svg.push_str(&label(&row.name, y));
        svg.push_str(&bars(&row.hours, &scale, &zone, y));
        y += ROW;
        let sum: u64 = row.hours.iter().map(|(_, n)| n).sum();
        let (first, last) = (row.hours.first().map_or(from, |one| one.0), row.hours.last().map_or(to, |one| one.0));
        table.push_str(&format!(
            "<tr><td class=\"m\">{}</td><td class=\"n\">{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
            html(&capped(&row.name, 300)),
            grouped(sum),
            minute(first, &zone),
            minute(last, &zone),
            html(&row.remark)
        ));
    }
    format!(
        "<section>\n<h2>What computers will do and when</h2>\n<p>{} to {}, on the clock of {}. Bars count \
         what starts, each row to its own scale; bands are open windows.</p>\n\
         <div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Timeline\">{svg}</svg></div>\n<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Table of what starts when\"><table><thead><tr><th scope=\"col\">What</th>\
         <th scope=\"col\">Starts</th><th scope=\"col\">First hour</th><th scope=\"col\">Last hour</th>\
         <th scope=\"col\">Of it</th></tr></thead><tbody>\n{table}</tbody></table></div>\n</section>\n",
        minute(from, &zone),
        minute(to, &zone),
        html(&timeline.zone)
    )
}

struct Scale {
    from: i64,
    seconds: i64,
}

impl Scale {
    fn x(&self, at: Timestamp) -> i64 {
        let passed = (at.as_second() - self.from).clamp(0, self.seconds);
        LABEL + passed * (WIDTH - LABEL - 8) / self.seconds
    }

    fn column(&self, at: Timestamp) -> i64 {
        (at.as_second() - self.from).clamp(0, self.seconds - 1) * COLUMNS / self.seconds
    }
}

fn minute(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%a %Y-%m-%d %H:%M").to_string()
}

fn label(name: &str, y: i64) -> String {
    let full = html(&capped(name, 300));
    format!("<text x=\"0\" y=\"{}\"><title>{full}</title>{}</text>", y + 21, html(&short(name)))
}

fn short(name: &str) -> String {
    if name.chars().count() <= 34 { name.to_owned() } else { name.chars().take(33).chain(['…']).collect() }
}

/// A line and a date each midnight, as many as there is room for.
fn axis(scale: &Scale, zone: &TimeZone, height: i64) -> String {
    let days = scale.seconds / 86_400 + 1;
    let step = (days / 14 + 1).max(1);
    let mut out = String::new();
    let Ok(first) = Timestamp::from_second(scale.from) else { return out };
    let Ok(mut day) = first.to_zoned(zone.clone()).start_of_day() else { return out };
    for n in 0..=days {
        let at = day.timestamp();
        if at.as_second() >= scale.from && at.as_second() <= scale.from + scale.seconds && n % step == 0 {
            let x = scale.x(at);
            out.push_str(&format!("<line class=\"ax\" x1=\"{x}\" y1=\"{TOP}\" x2=\"{x}\" y2=\"{height}\"/>"));
            if x < WIDTH - 60 {
                out.push_str(&format!(
                    "<text class=\"d\" x=\"{}\" y=\"16\">{}</text>",
                    x + 3,
                    day.strftime("%a %m-%d")
                ));
            }
        }
        match day.tomorrow() {
            Ok(next) => day = next,
            Err(_) => break,
        }
    }
    out
}

fn bars(hours: &[(Timestamp, u64)], scale: &Scale, zone: &TimeZone, y: i64) -> String {
    let mut columns: BTreeMap<i64, (Timestamp, u64)> = BTreeMap::new();
    for (at, n) in hours {
        columns.entry(scale.column(*at)).or_insert((*at, 0)).1 += n;
    }
    let most = columns.values().map(|(_, n)| *n).max().unwrap_or(1).max(1);
    let width = ((WIDTH - LABEL - 8) / COLUMNS).max(2);
    columns
        .into_iter()
        .map(|(column, (at, n))| {
            let x = LABEL + column * (WIDTH - LABEL - 8) / COLUMNS;
            let height = (i64::try_from(n * 26 / most).unwrap_or(26)).max(2);
            let (top, title) = (y + ROW - 4 - height, format!("{}: {}", minute(at, zone), grouped(n)));
            format!("<rect class=\"bar\" x=\"{x}\" y=\"{top}\" width=\"{width}\" height=\"{height}\"><title>{title}</title></rect>")
        })
        .collect()
}

fn by_window(timeline: &Timeline) -> BTreeMap<&str, Vec<(Timestamp, Timestamp)>> {
    let mut out: BTreeMap<&str, Vec<(Timestamp, Timestamp)>> = BTreeMap::new();
    for open in timeline.windows.iter().take(2_000) {
        out.entry(&open.name).or_default().push((open.from, open.to));
    }
    out.into_iter().take(12).collect()
}
