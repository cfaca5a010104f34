//! What stands in the attribute's parentheses: `num_threads = 4, start_paused = true`.

use crate::expand::Kind;
use crate::mistake::Mistake;
use proc_macro::{Delimiter, Ident, Span, TokenStream, TokenTree};

/// The settings. Values that go into the expansion are kept as the user's tokens.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) num_threads: Option<TokenTree>,
    pub(crate) start_paused: bool,
    pub(crate) seed: Option<TokenTree>,
    /// The path under which the program knows manyhands.
    pub(crate) krate: Option<TokenStream>,
}

/// One `name = value`.
struct Setting {
    name: Ident,
    /// The tokens up to the comma.
    value: Vec<TokenTree>,
    /// The equals sign, for errors about a value that is missing.
    equals: Span,
}

impl Settings {
    pub(crate) fn read(kind: Kind, tokens: TokenStream) -> Result<Self, Mistake> {
        let mut settings = Self::default();
        let mut known: Vec<String> = Vec::new();
        for part in split_at_commas(tokens) {
            let setting = Setting::read(kind, part)?;
            let name = setting.name.to_string();
            settings.set(kind, &name, &setting)?;
            if known.contains(&name) {
                let text = format!("`{name}` is set twice: remove one of them");
                return Err(Mistake::at(setting.name.span(), text));
            }
            known.push(name);
        }
        Ok(settings)
    }

    /// Does the test run in a simulation?
    pub(crate) fn is_simulated(&self) -> bool {
        self.seed.is_some() || self.start_paused && cfg!(feature = "sim")
    }

    fn set(&mut self, kind: Kind, name: &str, setting: &Setting) -> Result<(), Mistake> {
        let is_test = matches!(kind, Kind::Test);
        match name {
            "num_threads" => self.num_threads = Some(setting.num_threads()?),
            "crate" => self.krate = Some(setting.path()?),
            "start_paused" if is_test => {
                let is_paused = setting.flag()?;
                if cfg!(not(feature = "test-util")) {
                    setting.needs_sim()?;
                }
                self.start_paused = is_paused;
            }
            "seed" if is_test => {
                let seed = setting.seed()?;
                setting.needs_sim()?;
                self.seed = Some(seed);
            }
            _ => return Err(Mistake::at(setting.name.span(), unknown(kind, name))),
        }
        Ok(())
    }
}

/// What to do about a name that is no setting; some are those of tokio.
fn unknown(kind: Kind, name: &str) -> String {
    let known = match kind {
        Kind::Main => "`num_threads = N` and `crate = path`",
        Kind::Test => "`num_threads = N`, `start_paused = true`, `seed = N` and `crate = path`",
    };
    match name {
        "flavor" => "there are no flavors here: every pool can steal work. Remove `flavor`; for a \
                     pool of one thread write `num_threads = 1`"
            .to_owned(),
        "worker_threads" => {
            "`worker_threads` is called `num_threads` here: write `num_threads = N`".to_owned()
        }
        "unhandled_panic" => "there is no `unhandled_panic` here: await the handles of tasks, or \
                              set `PoolBuilder::panic_handler`"
            .to_owned(),
        "start_paused" | "seed" => {
            format!("`{name}` is for `#[manyhands::test]`; here there are {known}")
        }
        _ => format!(
            "there is no setting `{name}` of `{}`: there are {known}",
            kind.shown()
        ),
    }
}

/// The parts between commas. A comma at the end is allowed.
fn split_at_commas(tokens: TokenStream) -> Vec<Vec<TokenTree>> {
    let mut parts = vec![Vec::new()];
    for token in tokens {
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == ',' => {
                // Kept where nothing is in front of it, so that the error has a place.
                if parts.last().is_some_and(Vec::is_empty) {
                    parts.last_mut().expect("one part at least").push(token);
                }
                parts.push(Vec::new());
            }
            _ => parts.last_mut().expect("one part at least").push(token),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

impl Setting {
    fn read(kind: Kind, part: Vec<TokenTree>) -> Result<Self, Mistake> {
        let mut tokens = part.into_iter();
        let first = tokens.next().expect("no part is empty");
        let TokenTree::Ident(name) = first else {
            let text = "expected a setting, as in `num_threads = 4`";
            return Err(Mistake::at(first.span(), text));
        };
        let equals = match tokens.next() {
            Some(TokenTree::Punct(punct)) if punct.as_char() == '=' => punct.span(),
            other => {
                let at = other.map_or(name.span(), |token| token.span());
                let text = match &*name.to_string() {
                    known @ ("num_threads" | "start_paused" | "seed" | "crate") => {
                        format!(
                            "`{known}` needs a value: write `{known} = {}`",
                            example(known)
                        )
                    }
                    other => unknown(kind, other),
                };
                return Err(Mistake::at(at, text));
            }
        };
        Ok(Self {
            name,
            value: tokens.collect(),
            equals,
        })
    }

    /// An error at the value.
    fn wrong(&self, text: String) -> Mistake {
        match (self.value.first(), self.value.last()) {
            (Some(first), Some(last)) => Mistake::over(first.span(), last.span(), text),
            _ => Mistake::at(self.equals, text),
        }
    }

    /// The value, if it is one token. A macro by example gives some with a group around them.
    fn token(&self) -> Option<TokenTree> {
        let mut value = self.value.clone();
        while let [TokenTree::Group(group)] = &value[..] {
            if group.delimiter() != Delimiter::None {
                break;
            }
            value = group.stream().into_iter().collect();
        }
        match <[TokenTree; 1]>::try_from(value) {
            Ok([token]) => Some(token),
            Err(_) => None,
        }
    }

    fn integer(&self) -> Option<(TokenTree, u64)> {
        let token = self.token()?;
        let TokenTree::Literal(literal) = &token else {
            return None;
        };
        let number = integer(&literal.to_string())?;
        Some((token, number))
    }

    fn num_threads(&self) -> Result<TokenTree, Mistake> {
        match self.integer() {
            Some((_, 0)) => Err(self.wrong(
                "a pool has at least one thread. For the number that pools have by default, remove \
                 `num_threads`"
                    .to_owned(),
            )),
            Some((token, _)) => Ok(token),
            None => Err(self.wrong(
                "`num_threads` takes an integer, as in `num_threads = 4`. For a number that is not \
                 known here, remove the attribute and use `manyhands::Pool::builder`"
                    .to_owned(),
            )),
        }
    }

    fn seed(&self) -> Result<TokenTree, Mistake> {
        let wrong = || self.wrong("`seed` takes an integer, as in `seed = 17`".to_owned());
        self.integer().map(|(token, _)| token).ok_or_else(wrong)
    }

    fn flag(&self) -> Result<bool, Mistake> {
        match self.token().map(|token| token.to_string()).as_deref() {
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            _ => Err(self.wrong(format!(
                "`{0}` takes `true` or `false`: write `{0} = true`",
                self.name
            ))),
        }
    }

    /// `crate = rayon`, `crate = ::hands`, or tokio's form `crate = "rayon"`.
    fn path(&self) -> Result<TokenStream, Mistake> {
        let wrong = || {
            self.wrong(
                "`crate` takes the path under which this program knows manyhands, as in \
                 `crate = rayon`"
                    .to_owned(),
            )
        };
        let text = match self.token() {
            Some(TokenTree::Literal(literal)) => literal.to_string(),
            _ if self.value.is_empty() => return Err(wrong()),
            _ => return Ok(self.value.iter().cloned().collect()),
        };
        let inner = text
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'));
        let path: TokenStream = inner
            .filter(|inner| !inner.is_empty())
            .and_then(|inner| inner.parse().ok())
            .ok_or_else(wrong)?;
        // What is missing there is the value's fault.
        let span = self.value[0].span();
        let respan = |mut token: TokenTree| {
            token.set_span(span);
            token
        };
        Ok(path.into_iter().map(respan).collect())
    }

    /// Whatever its value, so that taking the feature away is no surprise.
    fn needs_sim(&self) -> Result<(), Mistake> {
        if cfg!(feature = "sim") {
            return Ok(());
        }
        let name = self.name.to_string();
        let (features, first) = match &*name {
            "start_paused" => ("the feature `test-util` or `sim`", "test-util"),
            _ => ("the feature `sim`", "sim"),
        };
        let text = format!(
            "`{name}` needs {features} of manyhands: add it in Cargo.toml, under \
             [dev-dependencies], as in `manyhands = {{ version = \"..\", features = [\"{first}\"] }}`",
        );
        Err(Mistake::at(self.name.span(), text))
    }
}

fn example(name: &str) -> &'static str {
    match name {
        "start_paused" => "true",
        "seed" => "17",
        "crate" => "rayon",
        _ => "4",
    }
}

/// The value of an integer literal.
fn integer(text: &str) -> Option<u64> {
    let text = text.replace('_', "");
    let (radix, digits) = match text.get(..2) {
        Some("0x") => (16, &text[2..]),
        Some("0o") => (8, &text[2..]),
        Some("0b") => (2, &text[2..]),
        _ => (10, &*text),
    };
    u64::from_str_radix(digits, radix).ok()
}

#[cfg(test)]
mod tests {
    use super::integer;

    #[test]
    fn integers() {
        assert_eq!(integer("4"), Some(4));
        assert_eq!(integer("1_000"), Some(1000));
        assert_eq!(integer("0xff"), Some(255));
        assert_eq!(integer("0b11"), Some(3));
        assert_eq!(integer("0o17"), Some(15));
        assert_eq!(integer("18446744073709551615"), Some(u64::MAX));
        for wrong in ["1.5", "\"4\"", "4u8", "18446744073709551616", "'4'"] {
            assert_eq!(integer(wrong), None, "{wrong}");
        }
    }
}
