//! References: every name leads to something. PKG-8, TSK-3, COL-1, MAN-10.

use std::collections::BTreeMap;

use super::context::Context;
use crate::diag::called;
use crate::diag::did_you_mean;
use crate::diag::visible;
use crate::model::item::Spec;
use crate::model::kind::ItemKey;
use crate::model::kind::Kind;
use crate::model::package::Program;
use crate::model::package::RunWith;
use crate::model::package::SecretRef;
use crate::rules::Rule;
use crate::rules::collection::COL_1;
use crate::rules::manifest::MAN_10;
use crate::rules::package::PKG_8;
use crate::rules::task::TSK_3;

pub(super) fn check(context: &mut Context<'_>) {
    // Candidates are gathered once a kind, and only when something is missing.
    let mut names: BTreeMap<(Kind, Option<String>), Vec<&str>> = BTreeMap::new();
    for item in context.site.items.values() {
        for (pointer, target) in item.spec.references() {
            if context.exists(&target) || is_answered_by_its_package(context, &target) {
                continue;
            }
            let known = names
                .entry((target.kind, target.package.clone()))
                .or_insert_with(|| context.names(target.kind, target.package.as_deref()));
            let near = did_you_mean(&target.name, known.iter().copied());
            let rule = rule(&item.spec, &target);
            let help = help(context, &item.spec, &target, near, known);
            context.value(rule, &item.key, &pointer, message(&target), help);
        }
    }
}

/// A secret that a program names is one that the project declares.
pub(super) fn check_secrets(context: &mut Context<'_>) {
    for item in context.site.items.values() {
        let Spec::Program(Program { run_with: RunWith::Account(account), .. }) = &item.spec else { continue };
        let Some(SecretRef::Secret(name)) = &account.password_from else { continue };
        if !context.project.secrets.contains_key(name) {
            let message = format!("`consign.yaml` declares no secret `{}`", visible(name));
            let known = context.project.secrets.keys().map(String::as_str);
            let help = did_you_mean(name, known).unwrap_or_else(|| "declare it under `secrets` there".to_owned());
            context.value(&MAN_10, &item.key, "runWith/passwordFrom/secret", message, help);
        }
    }
}

/// Of a missing package the package is reported, not its program as well.
fn is_answered_by_its_package(context: &Context<'_>, target: &ItemKey) -> bool {
    target.package.as_ref().is_some_and(|package| !context.exists(&ItemKey::new(Kind::Package, package)))
}

fn rule(from: &Spec, target: &ItemKey) -> &'static Rule {
    match (from, target.kind) {
        (_, Kind::Package) => &PKG_8,
        (Spec::Task(_), Kind::Program) => &TSK_3,
        (Spec::Collection(_), Kind::Collection) => &COL_1,
        _ => &MAN_10,
    }
}

fn message(target: &ItemKey) -> String {
    match &target.package {
        Some(package) => format!("package `{}` has no program `{}`", visible(package), visible(&target.name)),
        None => format!("there is no {}", called(target)),
    }
}

fn help(context: &Context<'_>, from: &Spec, target: &ItemKey, near: Option<String>, known: &[&str]) -> String {
    let other_kind = Kind::ALL
        .into_iter()
        .filter(|kind| *kind != target.kind && *kind != Kind::Program)
        .map(|kind| ItemKey::new(kind, &target.name))
        .find(|key| context.exists(key));
    if let Some(other) = other_kind.filter(|_| target.package.is_none()) {
        return format!("there is a {}, which is something else", called(&other));
    }
    if let Some(near) = near {
        return near;
    }
    if target.package.is_some() {
        if known.is_empty() {
            return "the package declares no program; add one under its `spec.programs`".to_owned();
        }
        let list: Vec<String> = known.iter().take(10).map(|name| format!("`{}`", visible(name))).collect();
        return format!("it has {}", list.join(", "));
    }
    let keep = match (from, target.kind) {
        (_, Kind::Package) => "a package in use cannot be missing: declare it, or ",
        _ => "declare it, or ",
    };
    format!("{keep}name it under `externals.{}` in `consign.yaml` if others look after it", target.kind)
}
