//! What is read of the computers, and what is not taken.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

use crate::adapter::FleetRead;
use crate::adapter::native::fleet::FleetReader;
use crate::adapter::native::fleet::evaluated;
use crate::adapter::native::fleet::read;
use crate::adapter::native::fleet::set;
use crate::adapter::native::samples::INSTANCE;
use crate::adapter::native::samples::guid;
use crate::model::fleet::Computers;
use crate::model::fleet::Part;
use crate::reach::Known;

pub fn written(numbers: impl IntoIterator<Item = u32>) -> String {
    let mut bytes = Vec::new();
    numbers.into_iter().collect::<Computers>().serialize_into(&mut bytes).unwrap();
    STANDARD.encode(bytes)
}

pub fn header() -> Value {
    json!({"type": "header", "format": 1, "instance": INSTANCE, "mark": "m1", "time": "2026-11-22T11:00:00Z",
        "serverZone": "Europe/Berlin"})
}

pub fn computer(n: u128) -> Value {
    json!({"type": "computer", "guid": guid(n).to_string(), "name": format!("pc-{n}"), "domain": "", "zone": "UTC",
        "lastSeen": null, "retired": n == 2, "roles": ["site server"]})
}

/// The lines with a header, and an end that tells the truth.
pub fn stream(lines: &[Value]) -> String {
    let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let digest: String = Sha256::digest(&body).iter().map(|byte| format!("{byte:02x}")).collect();
    let end = json!({"type": "end", "count": lines.len(), "digest": format!("sha256:{digest}")});
    format!("{}\n{body}{end}\n", header())
}

pub fn lines() -> Vec<Value> {
    vec![
        computer(1),
        computer(2),
        json!({"type": "members", "collection": guid(9).to_string(), "effective": written([0, 1]), "query": null}),
        json!({"type": "unknownMembers", "collection": guid(8).to_string(), "why": "it ran too long"}),
        json!({"type": "history", "task": guid(7).to_string(), "succeeded": written([0]), "failed": written([1]),
            "unknown": written([]), "newest": "2026-11-20T00:00:00Z"}),
        json!({"type": "package", "package": guid(6).to_string(), "cached": written([1]), "bytes": null}),
        json!({"type": "gap", "part": "licences", "why": "no computer has been loaded"}),
    ]
}

#[test]
fn what_is_whole_is_taken() {
    let FleetRead { fleet, mark } = read(stream(&lines()).as_bytes()).unwrap();
    assert_eq!(mark.as_deref(), Some("m1"));
    assert_eq!(
        fleet.computers.iter().map(|one| (one.name.as_str(), one.retired)).collect::<Vec<_>>(),
        [("pc-1", false), ("pc-2", true)]
    );
    assert_eq!(fleet.members[&guid(9)].effective, [0, 1].into_iter().collect());
    assert_eq!(fleet.members[&guid(9)].query, None);
    assert_eq!(fleet.unknown_members[&guid(8)], "it ran too long");
    assert_eq!(fleet.history[&guid(7)].failed, [1].into_iter().collect());
    assert_eq!((fleet.packages[&guid(6)].bytes, &fleet.licences), (None, &None));
    assert_eq!(fleet.gaps[&Part::Licences], "no computer has been loaded");
    assert_eq!(fleet.read_at.to_string(), "2026-11-22T11:00:00Z");
}

#[test]
fn it_reads_the_same_in_pieces_of_any_size() {
    let text = stream(&lines());
    let whole = read(text.as_bytes()).unwrap();
    for size in [1, 7, 100] {
        let mut reader = FleetReader::new();
        for piece in text.as_bytes().chunks(size) {
            reader.push(piece).unwrap();
        }
        assert_eq!(reader.finish().unwrap(), whole);
    }
}

#[test]
fn whatever_is_broken_off_is_not_taken() {
    let text = stream(&lines());
    for cut in 0..text.len() - 1 {
        assert!(read(&text.as_bytes()[..cut]).is_err(), "cut at {cut}: {}", &text[..cut]);
    }
    // Every line is under the digest.
    for at in 1..=lines().len() {
        let without: Vec<&str> = text.lines().enumerate().filter(|(n, _)| *n != at).map(|(_, line)| line).collect();
        assert!(read(without.join("\n").as_bytes()).is_err(), "without line {at}");
    }
    assert!(read(format!("{text}{}\n", computer(3)).as_bytes()).unwrap_err().contains("follows its end"));
}

#[test]
fn what_does_not_follow_the_contract_is_refused_and_told() {
    let with = |more: Vec<Value>| read(stream(&more).as_bytes()).unwrap_err();
    let plus = |line: Value| with(lines().into_iter().chain([line]).collect());
    assert!(plus(computer(3)).contains("after what is known"));
    assert!(with(vec![computer(2), computer(1)]).contains("out of order"));
    assert!(with(vec![computer(1), computer(1)]).contains("out of order"));
    assert!(plus(lines()[2].clone()).contains("twice"));
    assert!(plus(json!({"type": "surprise"})).contains("cannot be read"));
    let members = |set: &str| {
        plus(json!({"type": "members", "collection": guid(1).to_string(), "effective": set, "query": null}))
    };
    assert!(members(&written([2])).contains("not there"));
    assert!(members("????").contains("base64"));
    let both = json!({"type": "history", "task": guid(1).to_string(), "succeeded": written([0]),
        "failed": written([0]), "unknown": written([]), "newest": null});
    assert!(plus(both).contains("two ways"));
    let other = stream(&[]).replace("\"format\":1", "\"format\":2");
    assert!(read(other.as_bytes()).unwrap_err().contains("format 2"));
    assert!(read(b"").unwrap_err().contains("ends before"));
}

#[test]
fn a_short_text_does_not_grow_beyond_all_bounds() {
    // Says that it holds 65,536 blocks.
    let mut bytes = vec![0x3a, 0x30, 0, 0];
    bytes.extend(65_536_u32.to_le_bytes());
    assert!(set(&STANDARD.encode(bytes), 100).unwrap_err().contains("not there"));
    assert!(set(&STANDARD.encode([0x3b, 0x30, 0xff, 0xff]), 100).unwrap_err().contains("not there"));
    let mut runs: Computers = (0..70_000).collect();
    runs.optimize();
    let mut bytes = Vec::new();
    runs.serialize_into(&mut bytes).unwrap();
    assert_eq!(set(&STANDARD.encode(&bytes), 70_000).unwrap(), runs);
    assert!(set(&STANDARD.encode(&bytes), 69_999).is_err());
}

#[test]
fn an_evaluated_query_counts_only_for_the_computers_that_were_read() {
    let fleet = read(stream(&lines()).as_bytes()).unwrap();
    let answer = |mark: &str, n: u64| {
        let body = json!({"mark": mark, "set": written([1]), "computers": n, "milliseconds": 3});
        evaluated(body.to_string().as_bytes(), &fleet)
    };
    assert_eq!(answer("m1", 1), Known::Is([1].into_iter().collect()));
    for unknown in [answer("m2", 1), answer("m1", 2), evaluated(b"{}", &fleet)] {
        assert!(matches!(unknown, Known::Unknown(_)), "{unknown:?}");
    }
}
