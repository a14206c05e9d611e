use crate::adapter::native::samples;
use crate::adapter::native::stream::Incomplete;
use crate::adapter::native::stream::LINE_BYTES_MAX;
use crate::adapter::native::stream::State;
use crate::adapter::native::stream::StateReader;

fn read(text: &[u8], piece: usize) -> Result<State, Box<Incomplete>> {
    let mut reader = StateReader::new();
    for piece in text.chunks(piece) {
        if reader.push(piece).is_err() {
            break;
        }
    }
    reader.finish()
}

fn why(text: &[u8]) -> String {
    match read(text, 1000) {
        Err(incomplete) => incomplete.why,
        Ok(_) => panic!("taken: {}", String::from_utf8_lossy(text)),
    }
}

fn whole() -> String {
    samples::state(&samples::lines(&samples::site(1)))
}

#[test]
fn a_whole_state_is_taken_in_pieces_of_any_size() {
    let (text, lines) = (whole(), samples::lines(&samples::site(1)));
    for piece in [1, 7, 64, 1000, 1_000_000] {
        let state = read(text.as_bytes(), piece).unwrap_or_else(|incomplete| panic!("{}", incomplete.why));
        let found: Vec<_> = state.lines().iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect();
        assert_eq!(found, lines);
        assert_eq!(state.header.unwrap().state, "42");
    }
}

#[test]
fn an_empty_state_is_whole() {
    assert!(read(samples::state(&[]).as_bytes(), 10).is_ok_and(|state| state.is_empty()));
}

#[test]
fn a_state_cut_anywhere_is_broken_and_keeps_what_came() {
    let text = whole();
    let ends: Vec<usize> = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1).collect();
    for (lines, end) in ends.iter().enumerate().take(ends.len() - 1) {
        for cut in [*end, *end - 1, *end + 1, *end + 10] {
            let Err(incomplete) = read(&text.as_bytes()[..cut], 512) else { panic!("taken at {cut}") };
            let state = incomplete.state;
            // A line that lacks only its end is a whole line; half a line is none.
            assert!(state.len() >= lines.saturating_sub(1) && state.len() <= lines, "{} of {lines}", state.len());
        }
    }
    for cut in (0..text.len() - 1).step_by(13) {
        assert!(read(&text.as_bytes()[..cut], 512).is_err(), "taken at {cut}");
    }
}

#[test]
fn a_missing_doubled_moved_or_changed_item_is_noticed() {
    let lines = samples::lines(&samples::site(1));
    let text = samples::state(&lines);
    let (first, second) = (format!("{}\n", lines[0]), format!("{}\n", lines[1]));
    for changed in [
        text.replacen(&first, "", 1),
        text.replacen(&first, &first.repeat(2), 1),
        text.replacen(&format!("{first}{second}"), &format!("{second}{first}"), 1),
        text.replacen("Top", "Tap", 1),
        text.replacen(&first, &first.replacen('{', "{ ", 1), 1),
    ] {
        assert_ne!(changed, text);
        assert!(read(changed.as_bytes(), 512).is_err());
    }
}

#[test]
fn each_fault_is_said_in_words() {
    let text = whole();
    let (head, rest) = text.split_once('\n').unwrap();
    let count = format!("\"count\":{}", samples::site(1).len());
    for (text, expected) in [
        (String::new(), "it ends before its end"),
        (rest.to_owned(), "it does not begin with a header"),
        (format!("{head}\n{text}"), "it has a line that is no header, item or end"),
        (text.replace("\"format\":1", "\"format\":2"), "it has format 2; this program reads 1"),
        (text.replace("\"format\":1,", ""), "its header cannot be read"),
        (text.replace(&count, "\"count\":1"), "it has 20 items and says that it has 1"),
        (text.replace("sha256:", "sha256:0"), "its digest is not that of its items"),
        (text.replace("sha256:", "md5:"), "its digest is not that of its items"),
        (format!("{text}\n"), "something follows its end"),
        (format!("{text}x"), "something follows its end"),
        (format!("{text}{text}"), "something follows its end"),
        (text.replacen('\n', "\n\n", 1), "it has a line without a type"),
        ("<html>\n<body>".to_owned(), "it has a line without a type"),
        (format!("{head}\n{{\"type\":\"note\"}}\n"), "it has a line that is no header, item or end"),
    ] {
        assert_eq!(why(text.as_bytes()), expected);
    }
}

#[test]
fn a_giant_line_ends_the_reading_before_it_is_held_whole() {
    let mut reader = StateReader::new();
    let piece = vec![b'x'; 1 << 20];
    let taken = (0..1000).take_while(|_| reader.push(&piece).is_ok()).count();
    assert_eq!(taken, LINE_BYTES_MAX >> 20);
    assert!(reader.push(b"\n").is_err(), "broken stays broken");
    assert!(reader.finish().is_err_and(|incomplete| incomplete.why.contains("longer than")));
}
