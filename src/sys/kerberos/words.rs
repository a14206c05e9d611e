//! What the Kerberos library says, and what cures it.
#![cfg_attr(not(feature = "negotiate"), allow(dead_code, reason = "told by the library, which this build has not"))]

use super::Target;
use super::Trouble;

/// What was asked for, for messages.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ours<'a> {
    pub(super) target: Option<&'a Target>,
}

/// What the library's words are known by, in small letters, and the cure. The first that fits.
const CURES: &[(&[&str], &str)] = &[
    (
        &["not found in kerberos database", "server"],
        "no account has this name (SPN): `setspn -Q HTTP/host` on Windows finds it; set `auth.negotiate.service` to the \
         name that is registered, or have it registered: `setspn -S HTTP/host ACCOUNT`",
    ),
    (
        &["sec_e_target_unknown"],
        "no account has this name (SPN): `setspn -Q HTTP/host` finds it; set `auth.negotiate.service` to the name that is \
         registered, or have it registered: `setspn -S HTTP/host ACCOUNT`",
    ),
    (
        &["specified target is unknown"],
        "no account has this name (SPN): `setspn -Q HTTP/host` finds it; set `auth.negotiate.service` to the name that is \
         registered, or have it registered: `setspn -S HTTP/host ACCOUNT`",
    ),
    (
        &["not found in kerberos database"],
        "the key server does not know the account: is `auth.negotiate.principal` right, capitals of the realm included?",
    ),
    (&["clock skew"], "set the clock: this computer and the other are more than five minutes apart (`timedatectl`)"),
    (&["not yet valid"], "set the clock: this computer and the other are more than five minutes apart (`timedatectl`)"),
    (&["ticket expired"], "get a new ticket with `kinit`; where nobody is there to do it, set `auth.negotiate.keytab`"),
    (
        &["credentials have expired"],
        "get a new ticket with `kinit`; where nobody is there to do it, set `auth.negotiate.keytab`",
    ),
    (
        &["referenced credential has expired"],
        "get a new ticket with `kinit`; where nobody is there to do it, set `auth.negotiate.keytab`",
    ),
    (&["no kerberos credentials available"], "get a ticket with `kinit`, or set `auth.negotiate.keytab`"),
    (&["no credentials cache found"], "get a ticket with `kinit`, or set `auth.negotiate.keytab`"),
    (
        &["can't find client principal"],
        "no ticket is of this account: `klist` shows whose there are; `kinit` gets another",
    ),
    (
        &["does not match desired name"],
        "no ticket is of this account: `klist` shows whose there are; `kinit` gets another",
    ),
    (&["no suitable keys"], "the keytab has no key of this account: `klist -k FILE` lists whose it has"),
    (
        &["matching credential not found"],
        "no ticket is of this account: `klist` shows whose there are; `kinit` gets another",
    ),
    (&["keytab", "permission denied"], "let the user that runs this read the keytab, and nobody else"),
    (&["keytab", "no such file"], "`auth.negotiate.keytab` names the file, relative to the project file"),
    (&["keytab", "nonexistent or empty"], "`klist -k FILE` lists whose keys a keytab has; make it anew"),
    (
        &["preauthentication failed"],
        "the key is an old one: the password changed after the keytab was made; make it anew",
    ),
    (&["password incorrect"], "the key is an old one: the password changed after the keytab was made; make it anew"),
    (&["credentials have been revoked"], "the account is locked or disabled; have it unlocked"),
    (&["password has expired"], "the account's password has expired; have it changed, and the keytab made anew"),
    (
        &["cannot contact any kdc"],
        "no key server (KDC) of the realm answers: `krb5.conf` or DNS names them, port 88 must be open",
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
    (
        &["no support for encryption type"],
        "the account's keys are of a kind that the other side refuses; AES is what both should have",
    ),
    (
        &["encryption type", "not"],
        "the account's keys are of a kind that the other side refuses; AES is what both should have",
    ),
    (&["request is a replay"], "the same ticket came twice; somebody may have recorded it"),
    (
        &["wrong principal in request"],
        "the ticket is for another server, or the keytab for another: `klist -k FILE` lists its names",
    ),
    (
        &["no key table entry"],
        "the keytab has no key of the name that the ticket is for: `klist -k FILE` lists its names",
    ),
    (
        &["decrypt integrity check failed"],
        "the server's key changed after the ticket was made: `kdestroy`, then `kinit` again",
    ),
    (&["key version"], "the server's key changed after the ticket was made: `kdestroy`, then `kinit` again"),
    (
        &["negotiate selected"],
        "the server's name (SPN) is registered for nobody, so Windows fell back to NTLM: `setspn -Q HTTP/host`",
    ),
    (&["configuration file"], "mend `krb5.conf`; `KRB5_CONFIG` may name another one"),
];

/// What the library said, in the words that matter, with the cure.
pub(super) fn explain(said: &str, ours: &Ours<'_>) -> Trouble {
    let said = inner(said);
    let small = said.to_lowercase();
    let cure = CURES.iter().find(|(marks, _)| marks.iter().all(|mark| small.contains(mark)));
    let mut why: String = said.chars().filter(|c| !c.is_control()).take(500).collect();
    if let Some(target) = ours.target {
        let name = target.name();
        if !why.contains(&name) {
            why.push_str(&format!(" (for `{name}`)"));
        }
    }
    let help = cure.map_or("`KRB5_TRACE=/dev/stderr` shows what the library does", |(_, cure)| cure);
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

/// GSSAPI says the general first and the particular in parentheses.
fn inner(said: &str) -> String {
    let general = "Minor code may provide more information";
    let said = said.trim();
    let Some(at) = said.find(general) else { return said.to_owned() };
    let rest = said[at + general.len()..].trim();
    let stripped = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(rest);
    let known = stripped.trim();
    if known.is_empty() || known == "Success" { said.to_owned() } else { known.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::Ours;
    use super::Target;
    use super::explain;

    #[track_caller]
    fn check(said: &str, why: &str, help: &str) {
        let target = Target { host: "ns1.corp.example".to_owned(), service: None, principal: None };
        let trouble = explain(said, &Ours { target: Some(&target) });
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
        assert!(!explain("\u{1b}[31mred", &Ours::default()).why.contains('\u{1b}'));
    }
}
