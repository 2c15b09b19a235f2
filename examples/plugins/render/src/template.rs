//! Templates in the manner of Mustache: `{{name}}` is replaced by a value, escaped for HTML; `{{{name}}}` by the value as
//! it is; `{{#name}}…{{/name}}` stays when there is a value that is not empty, `{{^name}}…{{/name}}` when there is none;
//! `{{!…}}` goes. Sections nest.

use std::collections::HashMap;

/// How deep sections may nest: nobody's template does, and the stack is finite.
const MAX_DEPTH: usize = 50;

/// What is done with a name that has no value.
#[derive(Clone, Copy, PartialEq)]
pub enum Missing {
    /// The template is refused.
    Refused,
    /// It is replaced by nothing.
    Empty,
}

pub struct Renderer<'a> {
    pub values: &'a HashMap<&'a str, &'a str>,
    pub missing: Missing,
    /// Whether `{{name}}` escapes for HTML.
    pub escape: bool,
}

impl<'a> Renderer<'a> {
    /// The filled template, or why it cannot be filled: with the line on which that shows.
    pub fn render(&self, template: &'a str) -> Result<String, String> {
        let mut output = String::with_capacity(template.len());
        // Of each open section, its name and whether what it holds is shown.
        let mut open: Vec<(&str, bool)> = Vec::new();
        let mut at = 0;
        while let Some(offset) = template[at..].find("{{") {
            let start = at + offset;
            let shown = open.iter().all(|(_, shown)| *shown);
            if shown {
                output.push_str(&template[at..start]);
            }
            let fail = |problem: String| format!("line {}: {problem}", line(template, start));
            let raw = template[start..].starts_with("{{{");
            let (opening, closing) = if raw { (3, "}}}") } else { (2, "}}") };
            let inside = start + opening;
            let length = template[inside..].find(closing).ok_or_else(|| fail("a tag is never closed".into()))?;
            at = inside + length + closing.len();
            let tag = template[inside..inside + length].trim();
            let (kind, name) = match tag.chars().next() {
                Some(kind @ ('#' | '^' | '/' | '!')) if !raw => (kind, tag[1..].trim()),
                _ => (' ', tag),
            };
            match kind {
                '!' => {}
                '#' | '^' => {
                    if open.len() == MAX_DEPTH {
                        return Err(fail(format!("sections nest more than {MAX_DEPTH} deep")));
                    }
                    let given = self.values.get(name).is_some_and(|value| !value.is_empty());
                    open.push((name, given == (kind == '#')));
                }
                '/' => match open.pop() {
                    Some((opened, _)) if opened == name => {}
                    Some((opened, _)) => return Err(fail(format!("\"{name}\" ends here, and \"{opened}\" is open"))),
                    None => return Err(fail(format!("\"{name}\" ends here, and was never begun"))),
                },
                _ if !shown => {}
                _ => match self.values.get(name) {
                    Some(value) if raw || !self.escape => output.push_str(value),
                    Some(value) => escape(value, &mut output),
                    None if self.missing == Missing::Empty => {}
                    None => return Err(fail(format!("there is no value for \"{name}\""))),
                },
            }
        }
        match open.last() {
            Some((name, _)) => Err(format!("\"{name}\" is never ended")),
            None => {
                output.push_str(&template[at..]);
                Ok(output)
            }
        }
    }
}

fn line(template: &str, at: usize) -> usize {
    template[..at].matches('\n').count() + 1
}

fn escape(value: &str, output: &mut String) {
    for c in value.chars() {
        match c {
            '&' => output.push_str("&amp;"),
            '<' => output.push_str("&lt;"),
            '>' => output.push_str("&gt;"),
            '"' => output.push_str("&quot;"),
            '\'' => output.push_str("&#39;"),
            _ => output.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(template: &str, values: &[(&str, &str)]) -> Result<String, String> {
        let values = values.iter().copied().collect();
        Renderer { values: &values, missing: Missing::Refused, escape: true }.render(template)
    }

    #[test]
    fn fills_in_values_escaped_or_raw() {
        assert_eq!(render("Hi {{ name }}, {{{name}}}!", &[("name", "<b>")]), Ok("Hi &lt;b&gt;, <b>!".into()));
    }

    #[test]
    fn shows_sections_by_their_value() {
        let template = "{{#a}}yes {{a}}{{/a}}{{^a}}no{{! never }}{{/a}}";
        assert_eq!(render(template, &[("a", "1")]), Ok("yes 1".into()));
        assert_eq!(render(template, &[("a", "")]), Ok("no".into()));
        assert_eq!(render("{{#a}}{{#b}}x{{/b}}{{/a}}", &[("b", "1")]), Ok("".into()));
    }

    #[test]
    fn says_where_a_template_is_wrong() {
        assert_eq!(render("a\n{{b}}", &[]), Err("line 2: there is no value for \"b\"".into()));
        assert_eq!(render("{{#a}}", &[]), Err("\"a\" is never ended".into()));
        assert_eq!(render("{{#a}}{{/b}}", &[]), Err("line 1: \"b\" ends here, and \"a\" is open".into()));
        assert_eq!(render("{{a", &[]), Err("line 1: a tag is never closed".into()));
    }
}
