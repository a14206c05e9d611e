//! What `consign.yaml` says of credentials and proxies, held together.

use url::Url;

use crate::diag::Diagnostic;
use crate::diag::Diagnostics;
use crate::diag::Part;
use crate::manifest::translate;
use crate::manifest::tree::push_segment;
use crate::model::auth::Auth;
use crate::model::auth::NegotiateAuth;
use crate::model::auth::ProxySetting;
use crate::model::project::Project;
use crate::model::project::ServerConfig;
use crate::rules::manifest::MAN_3;

/// Checks every server.
pub(super) fn check(project: &Project, place: translate::Place<'_>, findings: &mut Diagnostics) {
    for (name, server) in &project.servers {
        for wrong in wrong(server) {
            let mut pointer = "/servers".to_owned();
            push_segment(&mut pointer, name);
            pointer.push_str(wrong.below);
            findings
                .push(Diagnostic::error(&MAN_3, place(pointer, wrong.part), wrong.message).help(wrong.help.to_owned()));
        }
    }
}

struct Wrong {
    /// Below the server.
    below: &'static str,
    part: Part,
    message: &'static str,
    help: &'static str,
}

const fn value(below: &'static str, message: &'static str, help: &'static str) -> Wrong {
    Wrong { below, part: Part::Value, message, help }
}

fn wrong(server: &ServerConfig) -> Vec<Wrong> {
    let mut out = Vec::new();
    if server.auth.is_some() && server.token_from.is_some() {
        let message = "a server has `tokenFrom` or `auth`, not both: nobody could say which of them is sent";
        out.push(Wrong { below: "/auth", part: Part::Key, message, help: "take one of the two out" });
    }
    match &server.auth {
        Some(Auth::Negotiate(negotiate)) => out.extend(negotiate_wrong(negotiate)),
        Some(Auth::Ntlm(ntlm)) if !is_account(&ntlm.account) => out.push(value(
            "/auth/ntlm/account",
            "this is no account",
            r"write `DOMAIN\name`, or `name@domain`; without a domain it is one of the server's own accounts",
        )),
        Some(Auth::Command(words)) if words.first().is_none_or(|program| program.trim().is_empty()) => {
            out.push(value("/auth/command", "the command names no program", "begin the list with the program"));
        }
        Some(Auth::Ntlm(_) | Auth::Command(_)) | None => {}
    }
    let (address, below) = match &server.proxy {
        ProxySetting::Address(word) if word == "none" || word == "system" => return out,
        ProxySetting::Address(address) => (address, "/proxy"),
        ProxySetting::Account(account) => (&account.url, "/proxy/url"),
    };
    let help = "write `none`, `system`, or an address such as `http://proxy.corp.example:8080`; an account goes into \
                `{url: …, account: …, passwordFrom: …}`";
    match Url::parse(address) {
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            out.push(value(below, "a proxy's address holds no credentials", help));
        }
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.path() == "/" && url.query().is_none() => {}
        _ => out.push(value(below, "this is no proxy's address", help)),
    }
    out
}

fn negotiate_wrong(negotiate: &NegotiateAuth) -> Option<Wrong> {
    let is_name = |text: &str| !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control());
    if negotiate.principal.as_deref().is_some_and(|name| !is_name(name) || name.contains('\\')) {
        let help = "write `name@REALM`; the realm is the domain's name in capitals";
        return Some(value("/auth/negotiate/principal", "this is no Kerberos account", help));
    }
    let is_service = |text: &str| {
        let parts = text.split_once('/');
        is_name(text) && parts.is_some_and(|(service, host)| !service.is_empty() && !host.is_empty())
    };
    if negotiate.service.as_deref().is_some_and(|name| !is_service(name)) {
        let help = "write `HTTP/host`, or `HTTP/host@REALM`; `setspn -Q HTTP/host` on Windows finds it";
        return Some(value("/auth/negotiate/service", "this is no service's name", help));
    }
    if negotiate.keytab.as_deref().is_some_and(str::is_empty) {
        let help = "name a file, or leave it out to take the ticket that is there";
        return Some(value("/auth/negotiate/keytab", "this is no file", help));
    }
    None
}

fn is_account(account: &str) -> bool {
    let name = account.rsplit_once('\\').map_or(account, |(_, name)| name);
    !name.is_empty() && !account.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::wrong;
    use crate::model::project::ServerConfig;

    #[track_caller]
    fn check(yaml: &str, expected: &[&str]) {
        let read: serde_json::Value = serde_yaml::from_str(&format!("{{url: 'https://x', {yaml}}}")).unwrap();
        let server: ServerConfig = serde_json::from_value(read).unwrap();
        let found: Vec<&str> = wrong(&server).iter().map(|wrong| wrong.below).collect();
        assert_eq!(found, expected, "{yaml}");
    }

    #[test]
    fn man_3_credentials_and_proxies_have_their_form() {
        check("tokenFrom: {env: T}, auth: {negotiate: {}}", &["/auth"]);
        check("auth: {negotiate: {}}", &[]);
        check("auth: {negotiate: {keytab: a.keytab, principal: a@B, service: HTTP/a.b}}", &[]);
        check(r"auth: {negotiate: {principal: 'B\a'}}", &["/auth/negotiate/principal"]);
        check("auth: {negotiate: {service: HTTP}}", &["/auth/negotiate/service"]);
        check("auth: {negotiate: {service: 'HTTP/'}}", &["/auth/negotiate/service"]);
        check("auth: {negotiate: {keytab: ''}}", &["/auth/negotiate/keytab"]);
        check(r"auth: {ntlm: {account: 'CORP\svc', passwordFrom: {env: P}}}", &[]);
        check(r"auth: {ntlm: {account: 'CORP\', passwordFrom: {env: P}}}", &["/auth/ntlm/account"]);
        check("auth: {command: ['']}", &["/auth/command"]);
        check("auth: {command: [gettoken]}", &[]);
        for good in ["none", "system", "http://proxy:8080", "https://proxy.example/"] {
            check(&format!("proxy: '{good}'"), &[]);
        }
        for bad in ["proxy:8080", "on", "http://user:hunter2@proxy:8080", "socks5://proxy:1080", "http://p/x", ""] {
            check(&format!("proxy: '{bad}'"), &["/proxy"]);
        }
        check("proxy: {url: 'ftp://p', account: a, passwordFrom: {env: P}}", &["/proxy/url"]);
        check("proxy: {url: 'http://p:1', account: a, passwordFrom: {env: P}}", &[]);
    }
}
