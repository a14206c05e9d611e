//! Kerberos by GSSAPI: MIT's library, or Heimdal's.

use std::collections::BTreeMap;

use libgssapi::context::ClientCtx;
use libgssapi::context::CtxFlags;
use libgssapi::context::SecurityContext;
use libgssapi::context::ServerCtx;
use libgssapi::credential::Cred;
use libgssapi::credential::CredUsage;
use libgssapi::error::Error;
use libgssapi::name::Name;
use libgssapi::oid::GSS_MECH_KRB5;
use libgssapi::oid::GSS_MECH_SPNEGO;
use libgssapi::oid::GSS_NT_HOSTBASED_SERVICE;
use libgssapi::oid::GSS_NT_KRB5_PRINCIPAL;
use libgssapi::oid::OidSet;

use super::CLIENT_KEYTAB;
use super::CONTEXTS_MAX;
use super::Target;
use super::Trouble;
use super::words;
use crate::sys::environment;

/// What is under way in this process.
pub(super) struct Library {
    waiting: BTreeMap<u64, ClientCtx>,
    next: u64,
    has_keytab: bool,
}

impl Library {
    pub(super) fn new() -> Self {
        let has_keytab = environment::variable(CLIENT_KEYTAB).is_some();
        Self { waiting: BTreeMap::new(), next: 0, has_keytab }
    }

    pub(super) fn start(&mut self, target: &Target) -> Result<(u64, Vec<u8>), Trouble> {
        let ours = words::Ours { target: Some(target), has_keytab: self.has_keytab };
        let said = |error: Error| words::explain(&error.to_string(), &ours);
        let account = target.principal.as_ref().map(|name| Name::new(name.as_bytes(), Some(GSS_NT_KRB5_PRINCIPAL)));
        let account = account.transpose().map_err(said)?;
        // Asked for each time: the library renews what a keytab gives, and sees a `kinit` of meanwhile.
        let cred = Cred::acquire(account.as_ref(), None, CredUsage::Initiate, Some(&mechanisms().map_err(said)?));
        let service = match &target.service {
            // As it is written: no DNS changes it.
            Some(service) => Name::new(service.as_bytes(), Some(GSS_NT_KRB5_PRINCIPAL)),
            None => Name::new(format!("HTTP@{}", target.host).as_bytes(), Some(GSS_NT_HOSTBASED_SERVICE)),
        };
        let (cred, service) = (cred.map_err(said)?, service.map_err(said)?);
        let mut context = ClientCtx::new(Some(cred), service, CtxFlags::GSS_C_MUTUAL_FLAG, Some(GSS_MECH_SPNEGO));
        let token = context.step(None, None).map_err(said)?;
        let token = token.map(|token| token.to_vec()).filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| words::explain("the library made no token", &ours))?;
        self.next += 1;
        self.waiting.insert(self.next, context);
        if self.waiting.len() > CONTEXTS_MAX {
            self.waiting.pop_first();
        }
        Ok((self.next, token))
    }

    pub(super) fn finish(&mut self, number: u64, token: &[u8]) -> Result<(), Trouble> {
        let ours = words::Ours::default();
        let Some(mut context) = self.waiting.remove(&number) else {
            return Err(words::explain("the context is gone", &ours));
        };
        context.step(Some(token), None).map_err(|error| words::explain(&error.to_string(), &ours))?;
        if !context.is_complete() {
            return Err(words::another_leg());
        }
        let flags = context.flags().map_err(|error| words::explain(&error.to_string(), &ours))?;
        if flags.contains(CtxFlags::GSS_C_MUTUAL_FLAG) {
            Ok(())
        } else {
            Err(words::explain("the server's proof is missing", &ours))
        }
    }

    pub(super) fn forget(&mut self, number: u64) {
        self.waiting.remove(&number);
    }

    /// Takes a ticket for any name in the keytab; read anew, so that a changed keytab holds at once.
    pub(super) fn accept(&mut self, token: &[u8]) -> Result<(String, Option<Vec<u8>>), Trouble> {
        let ours = words::Ours::default();
        let said = |error: Error| words::explain(&error.to_string(), &ours);
        let cred = Cred::acquire(None, None, CredUsage::Accept, Some(&mechanisms().map_err(said)?)).map_err(said)?;
        let mut context = ServerCtx::new(Some(cred));
        let proof = context.step(token, None).map_err(said)?.map(|proof| proof.to_vec());
        if !context.is_complete() {
            return Err(words::another_leg());
        }
        let name = context.source_name().and_then(|name| name.display_name()).map_err(said)?;
        let name = String::from_utf8(name.to_vec()).map_err(|_| words::explain("a name that is not UTF-8", &ours))?;
        Ok((name, proof.filter(|proof| !proof.is_empty())))
    }
}

fn mechanisms() -> Result<OidSet, Error> {
    let mut set = OidSet::singleton(GSS_MECH_KRB5)?;
    set.add(GSS_MECH_SPNEGO)?;
    Ok(set)
}
