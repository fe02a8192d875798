//! What the built-in file lists.

use super::*;

/// Id, context, output, price of question and answer, and `v` for those that take images.
type Row = (&'static str, u32, u32, Option<(f64, f64)>, &'static str);

const M: u32 = 1_048_576;
const K128: u32 = 131_072;
const K200: u32 = 200_000;
const K205: u32 = 204_800;
const K256: u32 = 262_144;

const CURRENT: [Row; 27] = [
    ("glm-5.3", M, K128, Some((1.4, 4.4)), ""),
    ("glm-5.3-flash", M, K128, Some((0.15, 0.5)), "v"),
    ("glm-5.3-flashx", M, K128, Some((0.15, 0.5)), "v"),
    ("glm-5.2", M, K128, Some((1.4, 4.4)), ""),
    ("glm-5.1", K200, K128, Some((1.4, 4.4)), ""),
    ("glm-5.1-highspeed", K200, K128, Some((1.4, 4.4)), ""),
    ("glm-5", K200, K128, Some((1.0, 3.2)), ""),
    ("glm-5-turbo", K200, K128, Some((1.0, 3.2)), ""),
    ("glm-5-code", K200, K128, Some((1.2, 5.0)), ""),
    ("glm-5v-turbo", K200, K128, Some((1.2, 4.0)), "v"),
    ("glm-4.7", K205, K128, Some((0.6, 2.2)), ""),
    ("glm-4.7-flash", K205, K128, Some((0.0, 0.0)), ""),
    ("glm-4.7-flashx", K205, K128, None, ""),
    ("glm-4.6", K205, K128, Some((0.6, 2.2)), ""),
    ("glm-4.6v", K205, K128, Some((0.6, 2.2)), "v"),
    ("glm-4.6v-flash", K205, K128, None, "v"),
    ("glm-4.6v-flashx", K205, K128, None, "v"),
    ("glm-4.5", K128, 98_304, None, ""),
    ("glm-4.5-air", K128, 98_304, Some((0.2, 1.1)), ""),
    ("glm-4.5-airx", K128, 98_304, None, ""),
    ("glm-4.5-x", K128, 98_304, None, ""),
    ("glm-4.5-flash", K128, 98_304, Some((0.0, 0.0)), ""),
    ("glm-4.5v", 65_536, 16_384, None, "v"),
    ("glm-4-32b-0414-128k", K128, 16_384, None, ""),
    ("glm-4-flash-250414", K128, 16_384, None, ""),
    ("kimi-k3.1-pro", M, K128, Some((2.0, 10.0)), ""),
    ("kimi-k3", M, M, Some((3.0, 15.0)), ""),
];

const DEPRECATED: [Row; 11] = [
    ("kimi-k2.6", K256, K128, Some((0.95, 4.0)), "v"),
    ("kimi-k2.7-code", K256, K128, None, ""),
    ("kimi-k2.7-code-highspeed", K256, K128, None, ""),
    ("kimi-k2.5", K256, K128, None, ""),
    ("moonshot-v1-8k", 8_192, 2_048, None, ""),
    ("moonshot-v1-32k", 32_768, 8_192, None, ""),
    ("moonshot-v1-128k", K128, 32_768, None, ""),
    ("moonshot-v1-auto", K128, 32_768, None, ""),
    ("moonshot-v1-8k-vision-preview", 8_192, 2_048, None, "v"),
    ("moonshot-v1-32k-vision-preview", 32_768, 8_192, None, "v"),
    ("moonshot-v1-128k-vision-preview", K128, 32_768, None, "v"),
];

const RETIRED: [Row; 7] = [
    ("kimi-k2-0711-preview", K128, 65_536, None, ""),
    ("kimi-k2-0905-preview", K256, K128, None, ""),
    ("kimi-k2-turbo-preview", K256, K128, None, ""),
    ("kimi-k2-thinking", K256, K128, None, ""),
    ("kimi-k2-thinking-turbo", K256, K128, None, ""),
    ("kimi-latest", K128, 65_536, None, ""),
    ("kimi-thinking-preview", K128, 65_536, None, ""),
];

#[test]
fn every_model_is_listed_with_what_is_known_of_it() {
    let catalogue = Catalogue::builtin();
    let all =
        [(Status::Current, &CURRENT[..]), (Status::Deprecated, &DEPRECATED), (Status::Retired, &RETIRED)];
    let rows = all.iter().flat_map(|(status, rows)| rows.iter().map(move |row| (*status, row)));
    for (status, (id, context, output, price, sees)) in rows.clone() {
        let model = catalogue.find(id).unwrap();
        let found = (model.id.as_str(), model.context, model.output_cap, model.status);
        assert_eq!(found, (*id, *context, *output, status));
        assert_eq!(model.price.map(|price| (price.input, price.output)), *price, "{id}");
        assert_eq!(model.can.contains(&Capability::Vision), *sees == "v", "{id}");
    }
    let listed: Vec<&str> = catalogue.models().iter().map(|model| model.id.as_str()).collect();
    assert_eq!(listed.len(), rows.count(), "{listed:?}");
}

#[test]
fn who_goes_has_a_successor_that_stays() {
    let catalogue = Catalogue::builtin();
    for model in catalogue.models() {
        assert_eq!(model.successor.is_some(), model.status != Status::Current, "{}", model.id);
        let Some(successor) = &model.successor else { continue };
        let next = catalogue.models().iter().find(|other| other.id == *successor);
        let next = next.unwrap_or_else(|| panic!("{}: {successor} is no id", model.id));
        assert_eq!((next.status, &next.provider), (Status::Current, &model.provider), "{}", model.id);
        assert!(model.status != Status::Retired || model.ends.is_some(), "{}", model.id);
    }
}

#[test]
fn who_answers_where_none_is_named_stays() {
    let catalogue = Catalogue::builtin();
    for provider in ["glm", "kimi"] {
        assert_eq!(catalogue.first_of(provider).map(|first| first.status), Some(Status::Current));
        assert!(catalogue.served_by(provider).all(|model| model.status != Status::Retired));
    }
}

#[test]
fn a_file_makes_a_retired_model_current_and_another_retired() {
    let own = "[[model]]\nid = \"b\"\nstatus = \"retired\"\nends = \"2026-12\"\nsuccessor = \"a\"\n\
               [[model]]\nid = \"a\"\nstatus = \"current\"\ncan = [\"tools\", \"vision\", \"tools\"]\n\
               first_event_floor_s = 40\n";
    let base = "[[model]]\nid = \"a\"\nprovider = \"p\"\nstatus = \"retired\"\nidle = \"fast\"\n\
                [[model]]\nid = \"b\"\nprovider = \"p\"\n";
    let base = Catalogue::default().merge("base", base).unwrap();
    assert_eq!(base.first_of("p").unwrap().id, "b");
    let both = base.merge("own", own).unwrap();
    let (a, b) = (both.find("a").unwrap(), both.find("b").unwrap());
    assert_eq!((a.status, a.can.as_slice()), (Status::Current, &[Capability::Vision, Capability::Tools][..]));
    assert_eq!((a.first_event_floor, a.idle_floor), (Duration::from_secs(40), Duration::from_secs(120)));
    assert_eq!((b.status, b.successor.as_deref()), (Status::Retired, Some("a")));
    assert_eq!(b.ends.unwrap().to_string(), "2026-12");
    assert_eq!(both.first_of("p").unwrap().id, "a");
    let error = Catalogue::default().merge("own", &own.replace("2026-12", "soon")).unwrap_err();
    assert!(error.to_string().contains("`soon` is no day"), "{error}");
}

#[test]
fn the_documented_table_is_the_catalogue() {
    let mut table =
        String::from("| id | context | output | price | can | remarks |\n|---|---|---|---|---|---|\n");
    for model in Catalogue::builtin().models() {
        let price = model.price.map_or_else(String::new, |Price { input, output, cached }| {
            let cached = cached.map_or_else(String::new, |cached| format!(" / {cached}"));
            if output == 0.0 { "free".to_owned() } else { format!("{input} / {output}{cached}") }
        });
        let can: Vec<&str> = model.can.iter().map(|can| can.word()).collect();
        let also = model.aliases.iter().map(|alias| format!("also `{alias}`"));
        let ends = model.ends.map_or_else(String::new, |day| format!(" {day}"));
        let status = match model.status {
            Status::Current => None,
            Status::Deprecated if model.ends.is_some() => Some(format!("ends{ends}")),
            Status::Deprecated => Some("deprecated".to_owned()),
            Status::Retired => Some(format!("retired{ends}")),
        };
        let then = model.successor.iter().map(|next| format!("then `{next}`"));
        let remarks: Vec<String> = also.chain(status).chain(then).collect();
        table.push_str(&format!(
            "| `{}` | {} | {} | {price} | {} | {} |\n",
            model.id,
            model.context,
            model.output_cap,
            can.join(", "),
            remarks.join(", ")
        ));
    }
    assert!(DOCS.ends_with(&table), "docs/models.md ends with this table:\n{table}");
}
