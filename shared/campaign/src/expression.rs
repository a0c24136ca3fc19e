//! What an expression names: checked once, so that a slip of the pen is an error of the file and not a
//! condition that never holds.

use crate::condition::ConditionError;
use crate::suggest::did_you_mean;
use cel::Program;
use cel::common::ast::{EntryExpr, Expr, IdedExpr, LiteralValue, SourceInfo};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// The functions of CEL, beside its macros and operators.
const FUNCTIONS: [&str; 18] = [
    "bool",
    "bytes",
    "contains",
    "double",
    "dyn",
    "endsWith",
    "hasValue",
    "int",
    "matches",
    "or",
    "orValue",
    "size",
    "startsWith",
    "string",
    "type",
    "uint",
    "value",
    "@not_strictly_false",
];

/// Macros are gone where they are used as they should be; where not, they look like a call.
const MACROS: [(&str, &str); 6] = [
    ("has", "has(event.properties.coupon)"),
    ("exists", "list.exists(x, x > 1)"),
    ("exists_one", "list.exists_one(x, x > 1)"),
    ("all", "list.all(x, x > 1)"),
    ("map", "list.map(x, x.id)"),
    ("filter", "list.filter(x, has(x.id))"),
];

/// What an expression needs of a variable.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Need {
    #[default]
    Nothing,
    /// These members, and of each the named parts, or all of it.
    Members(BTreeMap<String, Option<BTreeSet<String>>>),
    Everything,
}

impl Need {
    /// The members that are needed, of those that there are, with the parts of each.
    pub(crate) fn members<'n>(&'n self, all: &[&'n str]) -> Vec<(&'n str, Option<&'n BTreeSet<String>>)> {
        match self {
            Need::Nothing => Vec::new(),
            Need::Members(members) => {
                members.iter().map(|(name, parts)| (name.as_str(), parts.as_ref())).collect()
            }
            Need::Everything => all.iter().map(|name| (*name, None)).collect(),
        }
    }

    /// Adds what a path into the variable looks at.
    fn add(&mut self, path: &[(u64, &str)]) {
        let Some(((_, member), rest)) = path.split_first() else {
            *self = Need::Everything;
            return;
        };
        if *self == Need::Nothing {
            *self = Need::Members(BTreeMap::new());
        }
        let Need::Members(members) = self else { return };
        let part = rest.first().map(|(_, part)| (*part).to_owned());
        match (members.get_mut(*member), part) {
            (None, part) => {
                drop(members.insert((*member).to_owned(), part.map(|part| BTreeSet::from([part]))))
            }
            (Some(parts), None) => *parts = None,
            (Some(Some(parts)), Some(part)) => drop(parts.insert(part)),
            (Some(None), Some(_)) => {}
        }
    }
}

/// The variables that an expression may use, each with its shape: an object with members has those and no
/// others, anything else may hold what it will.
pub(crate) struct Scheme<'s> {
    pub variables: [(&'static str, &'s Json); 4],
}

impl Scheme<'_> {
    /// Checks every name of a program; returns what it needs of each variable.
    pub(crate) fn check(&self, program: &Program) -> Result<[Need; 4], ConditionError> {
        let mut checker = Checker {
            scheme: self,
            source: program.source_info(),
            bound: Vec::new(),
            needs: Default::default(),
        };
        checker.expression(program.expression())?;
        Ok(checker.needs)
    }
}

struct Checker<'c> {
    scheme: &'c Scheme<'c>,
    source: &'c SourceInfo,
    /// Variables of the comprehensions around.
    bound: Vec<&'c str>,
    needs: [Need; 4],
}

impl<'c> Checker<'c> {
    fn expression(&mut self, node: &'c IdedExpr) -> Result<(), ConditionError> {
        if let Some((root, path)) = self.path(node) {
            return self.variable(root, &path);
        }
        match &node.expr {
            Expr::Ident(_) => {}
            Expr::Select(select) => self.expression(&select.operand)?,
            Expr::Call(call) => {
                self.function(node.id, &call.func_name)?;
                for part in call.target.iter().map(|target| &**target).chain(&call.args) {
                    self.expression(part)?;
                }
            }
            Expr::Comprehension(comprehension) => {
                self.expression(&comprehension.iter_range)?;
                self.expression(&comprehension.accu_init)?;
                let before = self.bound.len();
                self.bound.extend([comprehension.iter_var.as_str(), comprehension.accu_var.as_str()]);
                self.bound.extend(comprehension.iter_var2.as_deref());
                for part in [&comprehension.loop_cond, &comprehension.loop_step, &comprehension.result] {
                    self.expression(part)?;
                }
                self.bound.truncate(before);
            }
            Expr::List(list) => {
                for element in &list.elements {
                    self.expression(element)?;
                }
            }
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        self.expression(&entry.key)?;
                        self.expression(&entry.value)?;
                    }
                }
            }
            Expr::Struct(record) => {
                let message = format!("`{}{{…}}` is no value that a condition can make", record.type_name);
                return Err(self.error(node.id, 0, message));
            }
            Expr::Literal(_) | Expr::Unspecified => {}
        }
        Ok(())
    }

    /// The variable that an expression is a path into, and the fields of the path.
    fn path(&self, mut node: &'c IdedExpr) -> Option<(&'c IdedExpr, Vec<(u64, &'c str)>)> {
        let mut path = Vec::new();
        loop {
            match &node.expr {
                Expr::Select(select) => {
                    path.push((node.id, select.field.as_str()));
                    node = &select.operand;
                }
                Expr::Ident(name) if !name.starts_with('@') && !self.bound.contains(&name.as_str()) => {
                    path.reverse();
                    return Some((node, path));
                }
                _ => return None,
            }
        }
    }

    /// Checks a path into a variable, and notes that it is needed.
    fn variable(&mut self, root: &'c IdedExpr, path: &[(u64, &'c str)]) -> Result<(), ConditionError> {
        let Expr::Ident(variable) = &root.expr else { return Ok(()) };
        let variables = &self.scheme.variables;
        let Some(index) = variables.iter().position(|(name, _)| name == variable) else {
            let known = variables.map(|(name, _)| name);
            let hint = did_you_mean(variable, known);
            let message = format!("`{variable}` is unknown: a condition may use {}{hint}", listed(&known));
            return Err(self.error(root.id, 0, message));
        };
        let mut shape = Some(variables[index].1);
        for (id, field) in path {
            let Some(Json::Object(members)) = shape.filter(|shape| has_members(shape)) else { break };
            shape = members.get(*field);
            if shape.is_none() {
                let known: Vec<&str> = members.keys().map(String::as_str).collect();
                let hint = did_you_mean(field, known.iter().copied());
                let message = format!("there is no `{field}` here, only {}{hint}", listed(&known));
                return Err(self.error(*id, 1, message));
            }
        }
        self.needs[index].add(path);
        Ok(())
    }

    fn function(&self, id: u64, name: &str) -> Result<(), ConditionError> {
        // Operators are functions whose names hold a sign.
        if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') || FUNCTIONS.contains(&name) {
            return Ok(());
        }
        let message = match MACROS.iter().find(|(known, _)| *known == name) {
            Some((_, example)) => format!("`{name}` is used as in {example}"),
            None => {
                let known = FUNCTIONS.into_iter().chain(MACROS.iter().map(|(name, _)| *name));
                format!("there is no function `{name}`{}", did_you_mean(name, known))
            }
        };
        let mut error = self.error(id, 0, message);
        // A call stands where its bracket does.
        error.column = error.column.saturating_sub(name.len() as u64).max(1);
        Err(error)
    }

    fn error(&self, id: u64, after: usize, message: String) -> ConditionError {
        let offset = self.source.offset_for(id).map_or(0, |(start, _)| start as usize) + after;
        let before: Vec<char> = self.source.source.chars().take(offset).collect();
        let line_start = before.iter().rposition(|c| *c == '\n').map_or(0, |at| at + 1);
        let line = before.iter().filter(|c| **c == '\n').count() as u64 + 1;
        ConditionError { line, column: (before.len() - line_start) as u64 + 1, message }
    }
}

/// The `event.properties.NAME` that an expression asks to equal a text in order to hold, and the text: `a == 'x'`, alone
/// or among what `&&` joins.
pub(crate) fn asks_to_equal(node: &IdedExpr) -> Option<(&str, &str)> {
    let Expr::Call(call) = &node.expr else { return None };
    let [a, b] = &call.args[..] else { return None };
    match call.func_name.as_str() {
        "_&&_" => asks_to_equal(a).or_else(|| asks_to_equal(b)),
        "_==_" => {
            [(a, b), (b, a)].into_iter().find_map(|(path, text)| Some((property(path)?, text_literal(text)?)))
        }
        _ => None,
    }
}

/// The name in `event.properties.NAME`.
fn property(node: &IdedExpr) -> Option<&str> {
    let Expr::Select(outer) = &node.expr else { return None };
    let Expr::Select(inner) = &outer.operand.expr else { return None };
    let Expr::Ident(root) = &inner.operand.expr else { return None };
    (root == "event" && inner.field == "properties" && !outer.test && !inner.test).then_some(&outer.field)
}

fn text_literal(node: &IdedExpr) -> Option<&str> {
    match &node.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text),
        _ => None,
    }
}

fn has_members(shape: &Json) -> bool {
    shape.as_object().is_some_and(|members| !members.is_empty())
}

/// `a, b and c`.
fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}
