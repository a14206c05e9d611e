//! PLN: what a plan guards, holds back or refuses.

use crate::rules::Act;
use crate::rules::Rule;

/// See its text.
pub static PLN_1: Rule = Rule {
    id: "PLN-1",
    title: "what could not be read in full is not called absent",
    source: "consign, promise 3",
    acts: &[Act::Plan],
    explain: "A read that failed looks like an empty server, and the next step would be to create everything again or \
              to delete it. So where a kind was not read in full nothing of it is created, nothing at all is deleted, \
              and nobody is told that there is no drift. Mend the connection or the rights of the account, and plan \
              again.",
};

/// See its text.
pub static PLN_2: Rule = Rule {
    id: "PLN-2",
    title: "a plan that deletes a large share is stopped",
    source: "consign, after octoDNS",
    acts: &[Act::Plan],
    explain: "A wrong branch, an empty checkout or a moved folder shows itself as many deletes at once. A plan that \
              deletes more than 30 % of what the project owns, where it owns at least 10 items, is blocked. Set \
              `policy.limits.PLN-2` in `consign.yaml` to a number or to a share with a floor where that is too \
              strict.",
};

/// See its text.
pub static PLN_3: Rule = Rule {
    id: "PLN-3",
    title: "a plan that changes more than its limit is stopped",
    source: "consign, after octoDNS",
    acts: &[Act::Plan],
    explain: "With `policy.limits.PLN-3` in `consign.yaml`, a plan that updates or replaces more items than that \
              number, or than that share of what the project owns, is blocked. There is no limit without it.",
};

/// See its text.
pub static PLN_4: Rule = Rule {
    id: "PLN-4",
    title: "an item must be told apart on the server",
    source: "consign, identity",
    acts: &[Act::Plan],
    explain: "Names are not unique on a delivery server. Where two live items of one kind inside the owned folders \
              share a name, a guess could change the wrong one; where a pin names nothing, or another kind, or an \
              item that is taken, the manifest is wrong. Write `metadata.guid` with the GUID of the item that is \
              meant.",
};

/// See its text.
pub static PLN_5: Rule = Rule {
    id: "PLN-5",
    title: "a protected item is not deleted or changed",
    source: "SWD 6.1 guide, Properties Manager (item attributes)",
    acts: &[Act::Plan],
    explain: "An item with the attribute `noDelete` is not deleted, and one with `readOnly` is not changed, whatever \
              the manifests say. Declare the item in a manifest, or take the attribute away on the server first.",
};

/// See its text.
pub static PLN_6: Rule = Rule {
    id: "PLN-6",
    title: "what an item refers to must be there when it is written",
    source: "consign",
    acts: &[Act::Plan],
    explain: "A task needs its package, its program and its collections on the server. What refers to something that \
              is neither there nor made by this plan is held back, and so is all that needs it.",
};

/// See its text.
pub static PLN_7: Rule = Rule {
    id: "PLN-7",
    title: "an item lies inside the folders that the project owns",
    source: "consign, scope",
    acts: &[Act::Plan],
    explain: "A project looks after the folders that `servers.NAME.folders` in `consign.yaml` lists, and touches \
              nothing outside. Add the folder there, or move the item with `metadata.folder`.",
};

/// See its text.
pub static PLN_8: Rule = Rule {
    id: "PLN-8",
    title: "a delete beside a create of the same content is probably a rename",
    source: "consign, identity",
    acts: &[Act::Plan],
    explain: "A renamed manifest looks like one item that goes and another that comes. The new one has a new GUID, and \
              computers take it for new work. Write the earlier name into `metadata.aliases` to keep the GUID.",
};

/// See its text.
pub static PLN_9: Rule = Rule {
    id: "PLN-9",
    title: "a project without items deletes nothing",
    source: "consign, after Argo CD's `allowEmpty`",
    acts: &[Act::Plan],
    explain: "A project that declares nothing while the server holds something in its folders is a broken checkout \
              far more often than a wish. Such a plan is blocked.",
};

/// See its text.
pub static PLN_10: Rule = Rule {
    id: "PLN-10",
    title: "a protected collection is not newly reached",
    source: "consign, policy",
    acts: &[Act::Plan],
    explain: "`policy.protected` in `consign.yaml` names collections, and `policy.protectedRoles` roles such as `site \
              server`, whose computers no change may newly reach, by whatever path: a new target, a collection that \
              takes them in, a query that finds them. The plan that does it is blocked and names the computers. \
              Where no roles are listed, a plan that newly reaches a computer with a role warns.",
};

/// See its text.
pub static PLN_11: Rule = Rule {
    id: "PLN-11",
    title: "a server holds only what its API can hold",
    source: "consign, capabilities",
    acts: &[Act::Plan],
    explain: "Not every server API can hold every kind and field. What it cannot is refused before anything is read.",
};

/// Every rule of this family, in order.
pub(super) static ALL: &[&Rule] = &[
    &PLN_1, &PLN_2, &PLN_3, &PLN_4, &PLN_5, &PLN_6, &PLN_7, &PLN_8, &PLN_9, &PLN_10, &PLN_11, &PLN_12, &PLN_13,
    &PLN_14, &PLN_15,
];

/// A start that has passed begins at once, or never.
pub static PLN_12: Rule = Rule {
    id: "PLN-12",
    title: "a start that has passed begins at once, or never",
    source: "consign, apply",
    acts: &[Act::Plan, Act::Consequence],
    explain: "A time that lay ahead when the plan was made may have passed by the server's clock when it is \
              applied. Who never ran it makes up for a single start that was missed, on \
              arrival, or never does; an availability begins at once. A plan says so, and an apply refuses where the plan did not.",
};

/// A password belongs to one account.
pub static PLN_13: Rule = Rule {
    id: "PLN-13",
    title: "a program that runs as an account needs that account's password",
    source: "consign, passwords",
    acts: &[Act::Plan],
    explain: "A server gives no password out; it says at most whether it has one. So a manifest with `passwordFrom` \
              whose program has none on the server plans a difference. A password that was changed behind its \
              reference is seen only with a key: where `consign.yaml` has `passwordKeyFrom` for the server, an \
              HMAC-SHA256 of the password under that key is kept beside it, and another one, or none, is a difference. \
              Who reads the server learns nothing from it. In a pull request no password is read, so there it is told \
              as not known. Without a key a new password is sent when something else of the program is. A program whose \
              account becomes another one does not keep the password of the one before. Where its manifest gives none, the \
              program cannot run, and the plan warns. Write `passwordFrom` beside the account.",
};

/// A branch that is behind its target is not applied.
pub static PLN_14: Rule = Rule {
    id: "PLN-14",
    title: "a branch that is behind its target is not applied",
    source: "consign, revisions",
    acts: &[Act::Plan],
    explain: "A plan compares the whole site. A branch that lacks commits of its target plans to undo what they did, and \
              nobody reviewed that. Merge or rebase first. With `--allow-behind` such a plan can be looked at; it is \
              never applied.",
};

/// A proposal is judged by the policy before it.
pub static PLN_15: Rule = Rule {
    id: "PLN-15",
    title: "a proposal is judged by the policy before it",
    source: "consign, policy",
    acts: &[Act::Plan],
    explain: "Who could change limits, severities, protected sets or servers in the very change that they are to guard \
              would be guarded by nothing. With `--base`, and in the pull requests of known pipelines without it, they \
              come from `consign.yaml` at the base. What the proposal changes in them is shown first, and whether it \
              allows more.",
};
