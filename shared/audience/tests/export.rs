//! Lists against the platforms' rules, by hashes that Python's hashlib gives.

use audience::{Change, Contact, Exported, Platform};

fn ann() -> Contact {
    Contact {
        email: " Ann.Lee@Example.com ".to_owned(),
        phone: "+14155552671".to_owned(),
        first_name: " Ann".to_owned(),
        last_name: "O'Lee".to_owned(),
    }
}

#[test]
fn each_platform_has_its_own_form() {
    // sha256 of ann.lee@example.com, +14155552671, ann, o'lee
    assert_eq!(
        Platform::Google.line(&ann()).unwrap(),
        "b7e0d8372a47f54bbefeb251ab9ac1e9e6b2d1983263de10196101be3961ed23,cb6880e416769253645cb9c6b8989154bf66a56a77fc14c81fb1019663cbb928,49915e0d7d4b402e3017d010bc1c0e83cac6c797d6c16e66340fe3268693a6a1,b19202bd32beb27ba28aff4dcce553b245b850096208f6372a6ecfcba8ec0645"
    );
    // sha256 of ann.lee@example.com, 14155552671, ann, olee
    assert_eq!(
        Platform::Meta.line(&ann()).unwrap(),
        "b7e0d8372a47f54bbefeb251ab9ac1e9e6b2d1983263de10196101be3961ed23,758fbf68945f21c416814c539ab578876c8d98fb69e6da692def92cd52417fe0,49915e0d7d4b402e3017d010bc1c0e83cac6c797d6c16e66340fe3268693a6a1,264cced1c790dab89e48493a975deec761a298c71109c4f6cddcf6f92965bb81"
    );
    let ming = Contact {
        email: String::new(),
        phone: "+8613800138000".to_owned(),
        first_name: "小明".to_owned(),
        last_name: "王".to_owned(),
    };
    assert_eq!(
        Platform::Meta.line(&ming).unwrap(),
        ",bf08aacce7f9b2452863cf99373043c3333f0e3127f1f787c4abb46ab6cf2b83,df3ea25a4369305a82412d479a21bd5e2d60e256d4160728e21faeb2806cde3f,3399a0e651ad104cd1f53cd0c44d08b70c6c2e8e1eba56f2d244368264322118"
    );
    for platform in [Platform::Google, Platform::Meta] {
        let columns = platform.header().split(',').count();
        assert_eq!(platform.line(&ann()).unwrap().split(',').count(), columns);
        let nobody = Contact { email: " ".to_owned(), phone: "-".to_owned(), ..ann() };
        assert_eq!(platform.line(&nobody), None, "a name alone matches nobody");
        assert_eq!(Platform::parse(platform.as_str()), Some(platform));
    }
}

#[test]
fn a_list_tells_who_came_and_went() {
    let before = Exported::of(["a".to_owned(), "b".to_owned()]);
    let before = Exported::parse(&before.to_json()).unwrap();
    assert_eq!(before.len(), 2);
    assert_eq!(before.change("a", true), Change::Stayed);
    assert_eq!(before.change("b", false), Change::Removed);
    assert_eq!(before.change("c", true), Change::Added);
    assert_eq!(before.change("c", false), Change::Outside);
    assert!(Exported::parse(b"").unwrap().is_empty());
    for damaged in ["x", "{}", r#"{"version":2,"marks":[]}"#] {
        assert!(Exported::parse(damaged.as_bytes()).is_err(), "{damaged}");
    }
}
