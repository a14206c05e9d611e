//! The three messages of NTLM (MS-NLMP), for NTLMv2.

use hmac::Hmac;
use hmac::KeyInit;
use hmac::Mac;
use jiff::Timestamp;
use md4::Md4;
use md5::Digest;
use md5::Md5;
use secrecy::ExposeSecret;
use sha2::Sha256;
use sha2::Sha384;
use sha2::Sha512;

use super::Ntlm;

const SIGNATURE: &[u8; 8] = b"NTLMSSP\0";

// MS-NLMP 2.2.2.5.
const UNICODE: u32 = 0x0000_0001;
const REQUEST_TARGET: u32 = 0x0000_0004;
const NTLM: u32 = 0x0000_0200;
const ALWAYS_SIGN: u32 = 0x0000_8000;
const EXTENDED_SESSION_SECURITY: u32 = 0x0008_0000;
const TARGET_INFO: u32 = 0x0080_0000;
const BITS_128: u32 = 0x2000_0000;
const BITS_56: u32 = 0x8000_0000;
const FLAGS: u32 =
    UNICODE | REQUEST_TARGET | NTLM | ALWAYS_SIGN | EXTENDED_SESSION_SECURITY | TARGET_INFO | BITS_128 | BITS_56;

// MS-NLMP 2.2.2.1.
const AV_END: u16 = 0;
const AV_FLAGS: u16 = 6;
const AV_TIMESTAMP: u16 = 7;
const AV_TARGET_NAME: u16 = 9;
const AV_CHANNEL_BINDINGS: u16 = 10;
const AV_FLAG_MIC: u32 = 2;

/// Where the payload of the third message begins, and its integrity code.
const HEAD: usize = 88;
const MIC_AT: usize = 72;

/// Seconds from 1601, where Windows begins, to 1970.
const TO_1601: i64 = 11_644_473_600;

/// What makes each answer another one.
pub(super) struct Fresh {
    pub(super) nonce: [u8; 8],
    /// Tenths of microseconds since 1601.
    pub(super) now: u64,
}

/// A time as Windows counts it.
pub(super) fn filetime(at: Timestamp) -> u64 {
    let tenths = i64::from(at.subsec_nanosecond()) / 100;
    u64::try_from((at.as_second() + TO_1601) * 10_000_000 + tenths).unwrap_or_default()
}

/// The first message: what this side can do. It names nobody.
pub(super) fn negotiate() -> Vec<u8> {
    let mut out = SIGNATURE.to_vec();
    out.extend(1_u32.to_le_bytes());
    out.extend(FLAGS.to_le_bytes());
    // No domain, no workstation.
    out.extend([0; 16]);
    out
}

/// What the second message holds that is needed.
struct Challenge<'m> {
    flags: u32,
    nonce: [u8; 8],
    info: Vec<(u16, &'m [u8])>,
}

fn challenge(message: &[u8]) -> Result<Challenge<'_>, &'static str> {
    let short = "it ends too early";
    if message.get(..8) != Some(&SIGNATURE[..]) || number(message, 8)? != 2 {
        return Err("it is no challenge");
    }
    let flags = number(message, 20)?;
    if flags & UNICODE == 0 {
        return Err("it takes no Unicode");
    }
    let nonce = message.get(24..32).and_then(|bytes| bytes.try_into().ok()).ok_or(short)?;
    let mut info = Vec::new();
    if flags & TARGET_INFO != 0 {
        let length = usize::from(half(message, 40)?);
        let from = usize::try_from(number(message, 44)?).map_err(|_| short)?;
        let mut rest = from.checked_add(length).and_then(|to| message.get(from..to)).ok_or(short)?;
        while !rest.is_empty() {
            let (id, length) = (half(rest, 0)?, usize::from(half(rest, 2)?));
            if id == AV_END {
                break;
            }
            info.push((id, rest.get(4..4 + length).ok_or(short)?));
            rest = &rest[4 + length..];
        }
    }
    Ok(Challenge { flags, nonce, info })
}

fn half(bytes: &[u8], at: usize) -> Result<u16, &'static str> {
    let two = bytes.get(at..at + 2).and_then(|two| two.try_into().ok());
    two.map(u16::from_le_bytes).ok_or("it ends too early")
}

fn number(bytes: &[u8], at: usize) -> Result<u32, &'static str> {
    let four = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
    four.map(u32::from_le_bytes).ok_or("it ends too early")
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn hmac_md5(key: &[u8], parts: &[&[u8]]) -> [u8; 16] {
    let mut mac = Hmac::<Md5>::new_from_slice(key).expect("HMAC takes keys of every length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// The key that a password is to a domain (NTOWFv2).
fn key(ntlm: &Ntlm) -> [u8; 16] {
    let password = Md4::digest(utf16(ntlm.password.expose_secret()));
    hmac_md5(&password, &[&utf16(&ntlm.user.to_uppercase()), &utf16(&ntlm.domain)])
}

/// The third message, for a challenge.
///
/// # Errors
/// What is wrong with the challenge.
pub(super) fn authenticate(
    ntlm: &Ntlm,
    second: &[u8],
    fresh: &Fresh,
    bindings: Option<[u8; 16]>,
) -> Result<Vec<u8>, &'static str> {
    let challenge = challenge(second)?;
    let stamp = challenge.info.iter().find(|(id, _)| *id == AV_TIMESTAMP).map(|(_, value)| *value);
    let time: [u8; 8] = match stamp {
        Some(stamp) => stamp.try_into().map_err(|_| "its time is no time")?,
        None => fresh.now.to_le_bytes(),
    };
    let info = answered(&challenge.info, stamp.is_some(), &ntlm.service, bindings);
    let key = key(ntlm);
    let mut blob = vec![1, 1, 0, 0, 0, 0, 0, 0];
    blob.extend(time);
    blob.extend(fresh.nonce);
    blob.extend([0; 4]);
    blob.extend(info);
    blob.extend([0; 4]);
    let proof = hmac_md5(&key, &[&challenge.nonce, &blob]);
    let session = hmac_md5(&key, &[&proof]);
    // A server that gives the time is one that looks at the other answer only (MS-NLMP 3.1.5.1.2).
    let lm = match stamp {
        Some(_) => vec![0; 24],
        None => [&hmac_md5(&key, &[&challenge.nonce, &fresh.nonce])[..], &fresh.nonce].concat(),
    };
    let nt = [&proof[..], &blob].concat();
    let mut out = third(ntlm, &lm, &nt, challenge.flags & FLAGS)?;
    if stamp.is_some() {
        let mic = hmac_md5(&session, &[&negotiate(), second, &out]);
        out[MIC_AT..HEAD].copy_from_slice(&mic);
    }
    Ok(out)
}

/// The server's facts with our own among them; the list that the answer is made over.
fn answered(theirs: &[(u16, &[u8])], has_mic: bool, service: &str, bindings: Option<[u8; 16]>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut flags = if has_mic { AV_FLAG_MIC } else { 0 };
    for (id, value) in theirs {
        match *id {
            AV_FLAGS => flags |= value.first().copied().map_or(0, u32::from) & !AV_FLAG_MIC,
            AV_TARGET_NAME | AV_CHANNEL_BINDINGS => {}
            id => pair(&mut out, id, value),
        }
    }
    if flags != 0 {
        pair(&mut out, AV_FLAGS, &flags.to_le_bytes());
    }
    if has_mic {
        pair(&mut out, AV_CHANNEL_BINDINGS, &bindings.unwrap_or_default());
        pair(&mut out, AV_TARGET_NAME, &utf16(service));
    }
    pair(&mut out, AV_END, &[]);
    out
}

fn pair(out: &mut Vec<u8>, id: u16, value: &[u8]) {
    // What came fits: its length was of as many bits.
    let length = u16::try_from(value.len()).unwrap_or_default();
    out.extend(id.to_le_bytes());
    out.extend(length.to_le_bytes());
    out.extend(&value[..usize::from(length)]);
}

fn third(ntlm: &Ntlm, lm: &[u8], nt: &[u8], flags: u32) -> Result<Vec<u8>, &'static str> {
    let (domain, user) = (utf16(&ntlm.domain), utf16(&ntlm.user));
    let parts: [&[u8]; 6] = [lm, nt, &domain, &user, &[], &[]];
    let mut out = SIGNATURE.to_vec();
    out.extend(3_u32.to_le_bytes());
    let mut at = HEAD;
    for part in parts {
        let length = u16::try_from(part.len()).map_err(|_| "its facts are too long")?;
        out.extend(length.to_le_bytes());
        out.extend(length.to_le_bytes());
        out.extend(u32::try_from(at).map_err(|_| "its facts are too long")?.to_le_bytes());
        at += part.len();
    }
    out.extend(flags.to_le_bytes());
    // No version, and room for the integrity code.
    out.resize(HEAD, 0);
    for part in parts {
        out.extend(part);
    }
    Ok(out)
}

/// What ties the log-on to a TLS connection, by the server's certificate (RFC 5929, `tls-server-end-point`). `None` for
/// one whose signature hashes in a way that is not known here: then nothing is tied, as older clients do it.
pub(super) fn channel_bindings(certificate: &[u8]) -> Option<[u8; 16]> {
    const RSA: [u8; 8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
    const ECDSA: [u8; 6] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04];
    let oid = signed_with(certificate)?;
    let digest = match (oid.strip_prefix(&RSA), oid.strip_prefix(&ECDSA)) {
        // MD5 and SHA-1 count as SHA-256.
        (Some([4 | 5 | 11]), _) | (_, Some([1] | [3, 2])) => Sha256::digest(certificate).to_vec(),
        (Some([12]), _) | (_, Some([3, 3])) => Sha384::digest(certificate).to_vec(),
        (Some([13]), _) | (_, Some([3, 4])) => Sha512::digest(certificate).to_vec(),
        _ => return None,
    };
    let data = [&b"tls-server-end-point:"[..], &digest].concat();
    // Four empty fields of addresses, then the data with its length.
    let mut bound = vec![0; 16];
    bound.extend(u32::try_from(data.len()).ok()?.to_le_bytes());
    bound.extend(data);
    Some(Md5::digest(&bound).into())
}

/// The algorithm of a certificate's signature, as the bytes of its OID.
fn signed_with(certificate: &[u8]) -> Option<&[u8]> {
    const SEQUENCE: u8 = 0x30;
    const OID: u8 = 0x06;
    let (whole, _) = der(certificate, SEQUENCE)?;
    let (_, after) = der(whole, SEQUENCE)?;
    let (algorithm, _) = der(after, SEQUENCE)?;
    Some(der(algorithm, OID)?.0)
}

/// One value of DER and what follows it.
fn der(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x83 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    if found == tag { rest.split_at_checked(length) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn user() -> Ntlm {
        Ntlm::new(r"Domain\User", "Password".into(), "server")
    }

    /// The challenge of MS-NLMP 4.2.4.3, with facts of its own.
    fn second(info: &[(u16, &[u8])]) -> Vec<u8> {
        let mut facts = Vec::new();
        for (id, value) in info {
            pair(&mut facts, *id, value);
        }
        pair(&mut facts, AV_END, &[]);
        let mut out = SIGNATURE.to_vec();
        out.extend(2_u32.to_le_bytes());
        out.extend([0; 8]);
        out.extend((FLAGS).to_le_bytes());
        out.extend([0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]);
        out.extend([0; 8]);
        let length = u16::try_from(facts.len()).unwrap();
        out.extend(length.to_le_bytes());
        out.extend(length.to_le_bytes());
        out.extend(56_u32.to_le_bytes());
        out.extend([0; 8]);
        out.extend(facts);
        out
    }

    const FRESH: Fresh = Fresh { nonce: [0xaa; 8], now: 0 };

    #[test]
    fn the_figures_of_ms_nlmp_4_2_4_come_out() {
        assert_eq!(hex(&key(&user())), "0c868a403bfd7a93a3001ef22ef02e3f");
        let (domain, server) = (utf16("Domain"), utf16("Server"));
        let message = authenticate(&user(), &second(&[(2, &domain), (1, &server)]), &FRESH, None).unwrap();
        let part = |at: usize| {
            let (length, from) = (half(&message, at).unwrap(), number(&message, at + 4).unwrap());
            message[from as usize..from as usize + usize::from(length)].to_vec()
        };
        assert_eq!(hex(&part(12)), "86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa");
        assert_eq!(hex(&part(20)[..16]), "68cd0ab851e51c96aabc927bebef6a1c");
        assert_eq!(part(28), domain);
        assert_eq!(part(36), utf16("User"));
        assert_eq!(hex(&hmac_md5(&key(&user()), &[&part(20)[..16]])), "8de40ccadbc14a82f15cb0ad0de95ca3");
        assert_eq!(message[MIC_AT..HEAD], [0; 16], "no time from the server, no integrity code");
    }

    #[test]
    fn a_server_that_gives_the_time_gets_an_integrity_code_and_the_names() {
        let stamp = 133_000_000_000_000_000_u64.to_le_bytes();
        let second = second(&[(AV_TIMESTAMP, &stamp), (AV_FLAGS, &[0, 0, 0, 0])]);
        let message = authenticate(&user(), &second, &FRESH, Some([7; 16])).unwrap();
        assert_ne!(message[MIC_AT..HEAD], [0; 16]);
        let holds = |bytes: &[u8]| message.windows(bytes.len()).any(|part| part == bytes);
        assert!(holds(&utf16("HTTP/server")) && holds(&[7; 16]) && holds(&stamp));
        assert!(holds(&[6, 0, 4, 0, 2, 0, 0, 0]), "the flag that says so");
    }

    #[test]
    fn a_challenge_that_is_none_is_refused_wherever_it_ends() {
        let whole = second(&[(AV_TIMESTAMP, &[0; 8]), (1, b"ab")]);
        for end in 0..whole.len() - 4 {
            assert!(authenticate(&user(), &whole[..end], &FRESH, None).is_err(), "{end}");
        }
        for at in 0..whole.len() {
            let mut broken = whole.clone();
            broken[at] ^= 0xff;
            let _ = authenticate(&user(), &broken, &FRESH, None); // Whatever it says, it does not panic.
        }
    }

    #[test]
    fn an_account_is_a_domain_and_a_name_or_a_name_alone() {
        let upn = Ntlm::new("svc@corp.example", "x".into(), "h");
        assert_eq!((upn.domain.as_str(), upn.user.as_str()), ("", "svc@corp.example"));
        assert_eq!(user().account(), r"Domain\User");
    }

    #[test]
    fn a_connection_is_bound_by_the_certificate_and_its_hash() {
        let made = rcgen::generate_simple_self_signed(vec!["x".to_owned()]).unwrap();
        let certificate = made.cert.der();
        let oid = signed_with(certificate).unwrap();
        assert_eq!(hex(oid), "2a8648ce3d040302", "ECDSA with SHA-256");
        let digest = Sha256::digest(certificate);
        let mut bound = vec![0; 16];
        bound.extend(53_u32.to_le_bytes());
        bound.extend(b"tls-server-end-point:");
        bound.extend(digest);
        assert_eq!(channel_bindings(certificate), Some(Md5::digest(&bound).into()));
        for end in 0..60 {
            assert_eq!(channel_bindings(&certificate[..end]), None);
        }
    }

    #[test]
    fn windows_counts_from_1601() {
        assert_eq!(filetime(Timestamp::UNIX_EPOCH), 116_444_736_000_000_000);
    }
}
