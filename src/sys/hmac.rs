//! HMAC-SHA256 (RFC 2104): what only the holder of a key can make of a text, and nobody can make the key or the text of.

use sha2::Digest;
use sha2::Sha256;

/// The block of SHA-256, in bytes.
const BLOCK: usize = 64;

/// The code of a text, given in parts, under a key.
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut block = [0_u8; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let mut inner = Sha256::new();
    inner.update(block.map(|byte| byte ^ 0x36));
    for part in parts {
        inner.update(part);
    }
    let mut outer = Sha256::new();
    outer.update(block.map(|byte| byte ^ 0x5c));
    outer.update(inner.finalize());
    outer.finalize().into()
}

/// The mark of a password: what tells, to who holds the key, whether a password is still the same, and to nobody else
/// anything. It is bound to the account, so that two accounts with one password have two marks.
pub fn password_mark(key: &str, account: &str, password: &str) -> String {
    let account = account.to_lowercase();
    let length = (account.len() as u64).to_be_bytes();
    let parts: [&[u8]; 4] = [b"consign password v1", &length, account.as_bytes(), password.as_bytes()];
    let code = hmac_sha256(key.as_bytes(), &parts);
    code.iter().fold("v1:".to_owned(), |out, byte| out + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::hmac_sha256;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// RFC 4231, sections 4.2, 4.3, 4.7 and 4.8.
    #[test]
    fn codes_are_those_of_the_standard() {
        for (key, text, code) in [
            (&[0x0b; 20][..], &b"Hi There"[..], "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
            (
                &[0xaa; 131],
                b"This is a test using a larger than block-size key and a larger than block-size data. The key needs to \
                  be hashed before being used by the HMAC algorithm.",
                "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
            ),
        ] {
            assert_eq!(hex(&hmac_sha256(key, &[text])), code);
            let (a, b) = text.split_at(3);
            assert_eq!(hex(&hmac_sha256(key, &[a, b])), code, "in parts it is the same text");
        }
    }
}
