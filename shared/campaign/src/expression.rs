//! What an expression names: checked once, so that a slip of the pen is an error of the file and not a
//! condition that never holds.

use crate::condition::ConditionError;
use crate::suggest::did_you_mean;
use cel::Program;
use cel::common::ast::{EntryExpr, Expr, IdedExpr, SourceInfo};
use serde_json::Value as Json;

/// The functions of CEL, beside its macros and operators.
const FUNCTIONS: [&str; 18] = [
    "bool", "bytes", "contains", "double", "dyn", "endsWith", "hasValue", "int", "matches", "or", "orValue", "size",
    "startsWith", "string", "type", "uint", "value", "@not_strictly_false",
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

/// The variables that an expression may use, each with its shape: an object with members has those and no
/// others, anything else may hold what it will.
pub(crate) struct Scheme<'s> {
    pub variables: [(&'static str, &'s Json); 4],
}

impl Scheme<'_> {
    /// Checks every name of a program; returns which of the variables it uses.
    pub(crate) fn check(&self, program: &Program) -> Result<[bool; 4], ConditionError> {
        let mut checker =
            Checker { scheme: self, source: program.source_info(), bound: Vec::new(), used: [false; 4] };
        checker.expression(program.expression())?;
        Ok(checker.used)
    }

    fn shape(&self, name: &str) -> Option<(usize, &Json)> {
        let index = self.variables.iter().position(|(variable, _)| *variable == name)?;
        Some((index, self.variables[index].1))
    }
}

struct Checker<'c> {
    scheme: &'c Scheme<'c>,
    source: &'c SourceInfo,
    /// Variables of the comprehensions around.
    bound: Vec<&'c str>,
    used: [bool; 4],
}

impl<'c> Checker<'c> {
    /// Checks an expression and tells its shape where it is a path into a variable.
    fn expression(&mut self, node: &'c IdedExpr) -> Result<Option<&'c Json>, ConditionError> {
        match &node.expr {
            Expr::Ident(name) if name.starts_with('@') || self.bound.contains(&name.as_str()) => {}
            Expr::Ident(name) => match self.scheme.shape(name) {
                Some((index, shape)) => {
                    self.used[index] = true;
                    return Ok(Some(shape));
                }
                None => {
                    let known = self.scheme.variables.map(|(variable, _)| variable);
                    let hint = did_you_mean(name, known);
                    let message = format!("`{name}` is unknown: a condition may use {}{hint}", listed(&known));
                    return Err(self.error(node.id, 0, message));
                }
            },
            Expr::Select(select) => {
                let shape = self.expression(&select.operand)?;
                if let Some(Json::Object(members)) = shape.filter(|shape| has_members(shape)) {
                    let Some(member) = members.get(&select.field) else {
                        let known: Vec<&str> = members.keys().map(String::as_str).collect();
                        let hint = did_you_mean(&select.field, known.iter().copied());
                        let message = format!("there is no `{}` here, only {}{hint}", select.field, listed(&known));
                        return Err(self.error(node.id, 1, message));
                    };
                    return Ok(Some(member));
                }
            }
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
        Ok(None)
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
