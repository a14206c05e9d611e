//! What the Kerberos library says, and what cures it.
#![cfg_attr(not(feature = "negotiate"), allow(dead_code, reason = "told by the library, which this build has not"))]

use super::Target;
use super::Trouble;

/// What was asked for, for messages.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ours<'a> {
    pub(super) target: Option<&'a Target>,
    /// The account is a keytab's.
    pub(super) has_keytab: bool,
}

/// No account has the service's name.
const NO_SERVICE: &str = "no account has this name (SPN): `setspn -Q HTTP/host` on Windows finds it; set \
                          `auth.negotiate.service` to the name that is registered, or have it registered: `setspn -S \
                          HTTP/host ACCOUNT`";
const CLOCK: &str = "set the clock: this computer and the other are more than five minutes apart (`timedatectl`)";
const EXPIRED: &str = "get a new ticket with `kinit`; where nobody is there to do it, set `auth.negotiate.keytab`";
const NONE: &str = "get a ticket with `kinit`, or set `auth.negotiate.keytab`";
const ANOTHERS: &str = "no ticket is of this account: `klist` shows whose there are; `kinit` gets another";
const NOT_IN_KEYTAB: &str = "the keytab has no key of this account: `klist -k FILE` lists whose it has";
const OLD_KEY: &str = "the key is an old one: the password changed after the keytab was made; make it anew";
const SERVER_KEY: &str = "the server's key changed after the ticket was made: `kdestroy`, then `kinit` again";
const WEAK: &str = "the account's keys are of a kind that the other side refuses; AES is what both should have";

/// What the library's words are known by, in small letters, and the cure. The first that fits.
const CURES: &[(&[&str], &str)] = &[
    (
        &["krbtgt/", "not found in kerberos database"],
        "the realm behind `@` is not known here, or not trusted: `[domain_realm]` in `krb5.conf` says which one a host is in",
    ),
    (&["server", "not found in kerberos database"], NO_SERVICE),
    (&["sec_e_target_unknown"], NO_SERVICE),
    (&["specified target is unknown"], NO_SERVICE),
    (
        &["not found in kerberos database"],
        "the key server does not know the account: is `auth.negotiate.principal` right, capitals of the realm included?",
    ),
    (&["clock skew"], CLOCK),
    (&["not yet valid"], CLOCK),
    (&["ticket expired"], EXPIRED),
    (&["credentials have expired"], EXPIRED),
    (&["credential has expired"], EXPIRED),
    (&["keytab", "permission denied"], "let the user that runs this read the keytab, and nobody else"),
    (&["keytab", "no such file"], "`auth.negotiate.keytab` names the file, relative to the project file"),
    (&["keytab", "nonexistent or empty"], "`klist -k FILE` lists whose keys a keytab has; make it anew"),
    (&["no kerberos credentials available"], NONE),
    (&["no credentials cache found"], NONE),
    (&["can't find client principal"], ANOTHERS),
    (&["does not match desired name"], ANOTHERS),
    (&["matching credential not found"], ANOTHERS),
    (&["no suitable keys"], NOT_IN_KEYTAB),
    (&["the keytab gives no ticket"], NOT_IN_KEYTAB),
    (&["preauthentication failed"], OLD_KEY),
    (&["password incorrect"], OLD_KEY),
    (&["credentials have been revoked"], "the account is locked or disabled; have it unlocked"),
    (&["password has expired"], "the account's password has expired; have it changed, and the keytab made anew"),
    (
        &["cannot contact any kdc"],
        "no key server (KDC) of the realm answers: `krb5.conf` or DNS names them, and port 88 must be open",
    ),
    (
        &["cannot find kdc"],
        "nobody names a key server (KDC) of the realm: write it into `krb5.conf`, or have DNS name it",
    ),
    (
        &["cannot determine realm"],
        "write the realm behind the name (`HTTP/host@REALM`), or `[domain_realm]` into `krb5.conf`",
    ),
    (&["default realm"], "write `default_realm` into `krb5.conf`, or the realm behind the name"),
    (&["no support for encryption type"], WEAK),
    (&["encryption type", "not"], WEAK),
    (&["request is a replay"], "the same ticket came twice; somebody may have recorded it"),
    (
        &["wrong principal in request"],
        "the ticket is for another server, or the keytab for another: `klist -k FILE` lists its names",
    ),
    (
        &["no key table entry"],
        "the keytab has no key of the name that the ticket is for: `klist -k FILE` lists its names",
    ),
    (&["not found in keytab"], "the server's keytab lacks the name or the key that the ticket is for: `klist -k FILE`"),
    (&["cannot find key"], "the server's keytab lacks the name or the key that the ticket is for: `klist -k FILE`"),
    (&["decrypt integrity check failed"], SERVER_KEY),
    (&["cannot decrypt ticket"], SERVER_KEY),
    (&["key version"], SERVER_KEY),
    (&["negotiate selected"], NO_SERVICE),
    (&["configuration file"], "mend `krb5.conf`; `KRB5_CONFIG` may name another one"),
];

/// The cure for what a library said, here or on the other side.
pub(super) fn cure(said: &str, has_keytab: bool) -> Option<&'static str> {
    let small = said.to_lowercase();
    let found = CURES.iter().find(|(marks, _)| marks.iter().all(|mark| small.contains(mark)))?.1;
    // With a keytab it is the one that should have brought a ticket.
    Some(match found {
        ANOTHERS | NONE if has_keytab => NOT_IN_KEYTAB,
        // Nothing of the server's was looked at yet.
        SERVER_KEY if has_keytab => OLD_KEY,
        found => found,
    })
}

/// What the library said, in the words that matter, with the cure.
pub(super) fn explain(said: &str, ours: &Ours<'_>) -> Trouble {
    let said = inner(said);
    // Where its tickets are kept is nothing that anybody could look at.
    let said = if ours.has_keytab && said.starts_with("No Kerberos credentials available") {
        "the keytab gives no ticket"
    } else {
        said
    };
    let mut why: String = said.chars().filter(|c| !c.is_control()).take(500).collect();
    if let Some(target) = ours.target {
        let name = target.name();
        if !why.contains(&name) {
            why.push_str(&format!(" (for `{name}`)"));
        }
    }
    let help = cure(said, ours.has_keytab).unwrap_or("`KRB5_TRACE=/dev/stderr` shows what the library does");
    Trouble::new(why, help)
}

/// One leg is what Kerberos takes.
pub(super) fn another_leg() -> Trouble {
    Trouble::new(
        "the other side wants another round, which Kerberos never takes",
        "it does not speak Kerberos under this name: it fell back to NTLM, or the service's name (SPN) is another \
         account's; `setspn -Q HTTP/host` finds whose",
    )
}

/// What is general in GSSAPI's words; the particular comes behind it in parentheses.
const GENERAL: &[&str] = &["Unspecified GSS failure", "No credentials were supplied", "Invalid token was supplied"];

fn inner(said: &str) -> &str {
    let said = said.trim();
    let parts = said.strip_suffix(')').and_then(|said| said.split_once(" ("));
    match parts.filter(|(general, _)| GENERAL.iter().any(|start| general.starts_with(start))) {
        Some((general, "Success" | "Unknown error" | "")) => general,
        Some((_, particular)) => particular,
        None => said,
    }
}

#[cfg(test)]
mod tests {
    use super::Ours;
    use super::Target;
    use super::explain;

    #[test]
    fn with_a_keytab_no_ticket_means_no_key() {
        let ours = Ours { target: None, has_keytab: true };
        let said = "No credentials were supplied, or the credentials were unavailable or inaccessible (Can't find client \
                    principal x@R in cache collection)";
        let trouble = explain(said, &ours);
        assert_eq!(trouble.why, "Can't find client principal x@R in cache collection");
        assert!(trouble.help.contains("klist -k"), "{trouble:?}");
    }

    #[track_caller]
    fn check(said: &str, why: &str, help: &str) {
        let target = Target { host: "ns1.corp.example".to_owned(), service: None, principal: None };
        let trouble = explain(said, &Ours { target: Some(&target), has_keytab: false });
        assert!(trouble.why.contains(why), "{trouble:?}");
        assert!(trouble.help.contains(help), "{trouble:?}");
    }

    #[test]
    fn what_the_library_says_is_told_with_its_cure() {
        let minor = "Unspecified GSS failure.  Minor code may provide more information";
        check(
            &format!("{minor} (Server HTTP/ns1.corp.example@CORP.EXAMPLE not found in Kerberos database)"),
            "Server HTTP/ns1.corp.example@CORP.EXAMPLE not found",
            "setspn -Q",
        );
        check(&format!("{minor} (Client 'x@R' not found in Kerberos database)"), "(for `HTTP/ns1", "principal");
        check(&format!("{minor} (Clock skew too great)"), "Clock skew", "timedatectl");
        check(&format!("{minor} (Ticket expired)"), "Ticket expired", "kinit");
        check(
            &format!("{minor} (No Kerberos credentials available (default cache: FILE:/tmp/krb5cc_0))"),
            "(default cache: FILE:/tmp/krb5cc_0)",
            "kinit",
        );
        check("something new", "something new", "KRB5_TRACE");
        check(&format!("{minor} (Success)"), minor, "KRB5_TRACE");
        check("Invalid token was supplied (Unknown error)", "Invalid token was supplied (for", "KRB5_TRACE");
        check("Failed (0x80090303)", "(0x80090303)", "KRB5_TRACE");
        assert!(!explain("\u{1b}[31mred", &Ours::default()).why.contains('\u{1b}'));
    }
}
