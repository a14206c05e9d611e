//! Messages as they come over a stream. A message that cannot be read is told and passed over: the next header that can be
//! read is where the next message begins.

use std::io;
use std::io::BufRead;
use std::io::Read as _;
use std::io::Write;

use serde_json::Value;

/// The longest message that is taken, in bytes: a file has 4 MiB at most (MAN-7).
const MESSAGE_BYTES_MAX: usize = 64 << 20;

/// The longest line of a header that is looked at, in bytes.
const LINE_BYTES_MAX: u64 = 64 << 10;

/// What came.
#[derive(Debug)]
pub(super) enum Incoming {
    /// A message.
    Message(Value),
    /// Something that is none, and why.
    Broken(String),
    /// Nothing more.
    End,
}

/// Reads one message.
pub(super) fn read(stream: &mut impl BufRead) -> Incoming {
    let length = match header(stream) {
        Ok(Some(length)) => length,
        Ok(None) => return Incoming::End,
        Err(problem) => return Incoming::Broken(problem),
    };
    let mut body = Vec::new();
    match stream.take(length as u64).read_to_end(&mut body) {
        Ok(read) if read == length => {}
        _ => return Incoming::End,
    }
    match serde_json::from_slice(&body) {
        Ok(message) => Incoming::Message(message),
        Err(error) => Incoming::Broken(format!("the message is no JSON: {error}")),
    }
}

/// The length of the message that follows; `None` at the stream's end.
fn header(stream: &mut impl BufRead) -> Result<Option<usize>, String> {
    let mut length: Option<Result<usize, String>> = None;
    loop {
        let mut line = Vec::new();
        match stream.take(LINE_BYTES_MAX).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return Ok(None),
            Ok(_) => {}
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            match length {
                Some(Ok(length)) => return Ok(Some(length)),
                Some(Err(problem)) => return Err(problem),
                None => continue, // An empty line between messages does no harm.
            }
        }
        // What a wrong length left of the last message may stand before it in the line.
        let lower = line.to_ascii_lowercase();
        if let Some(at) = lower.rfind("content-length:") {
            let text = line[at + "content-length:".len()..].trim();
            length = Some(match text.parse() {
                Ok(length) if length <= MESSAGE_BYTES_MAX => Ok(length),
                Ok(_) => Err(format!("a message has at most {MESSAGE_BYTES_MAX} bytes")),
                Err(_) => Err("`Content-Length` is no number of bytes".to_owned()),
            });
        } else if !lower.starts_with("content-type:") && length.is_none() {
            tracing::debug!("passed over what is no header");
        }
    }
}

/// Writes one message.
pub(super) fn write(stream: &mut impl Write, message: &Value) -> io::Result<()> {
    let body = message.to_string();
    write!(stream, "Content-Length: {}\r\n\r\n{body}", body.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(stream: &str, expected: &[&str]) {
        let mut stream = stream.as_bytes();
        let mut found = Vec::new();
        loop {
            match read(&mut stream) {
                Incoming::Message(message) => found.push(message.to_string()),
                Incoming::Broken(_) => found.push("broken".to_owned()),
                Incoming::End => break,
            }
        }
        assert_eq!(found, expected);
    }

    #[test]
    fn what_cannot_be_read_is_passed_over() {
        let good = "Content-Length: 2\r\n\r\n{}";
        check(good, &["{}"]);
        check(&format!("content-length: 2\r\nContent-Type: x\r\n\r\n{{}}{good}"), &["{}", "{}"]);
        check(&format!("Content-Length: 4\r\n\r\n{{]}}x{good}"), &["broken", "{}"]);
        check(&format!("Content-Length: many\r\n\r\n{{}}{good}"), &["broken", "{}"]);
        check(&format!("Content-Length: 1\r\n\r\n{{}}{good}"), &["broken", "{}"]);
        check(&format!("Content-Length: 99999999999\r\n\r\n{{}}{good}"), &["broken", "{}"]);
        check(&format!("X: y\r\n\r\n{good}"), &["{}"]);
        check("Content-Length: 10\r\n\r\n{}", &[]);
        check("", &[]);
    }
}
