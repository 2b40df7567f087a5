import Testing

@testable import Center

/// How a view's properties reach its template.
@Suite struct ViewFieldsTests {
    private static let words = Words(.english, phrases: "")

    private func shown(_ view: some TemplateView) throws -> String {
        try PageRenderer.text(view, csrf: "the token", .english)
    }

    @Test func `a text is escaped at every place of a part`() throws {
        let hostile = "<b>\"'&\u{202E}"
        let field = FieldView("n", hostile, hint: hostile, InputView(value: hostile, placeholder: hostile))
        let form = FormView(
            path: hostile, style: hostile, heading: hostile, hidden: [HiddenView(hostile, hostile)],
            fields: [field, FieldView(hostile, hostile, options: [OptionView(text: hostile)])],
            submit: hostile, removal: hostile)
        let table = TableView(hostile, live: hostile, columns: [hostile], rows: [NoRow()])
        let action = ActionView(path: hostile, label: hostile, style: hostile, spoken: hostile)
        for text in [try shown(form), try shown(table), try shown(action)] {
            #expect(!text.contains("<b>") && !text.contains("\u{202E}") && !text.contains("\"'"), "\(text)")
            #expect(text.contains("&lt;b&gt;&quot;&#39;&amp;"))
        }
    }

    @Test func `a form contains its token, and a field its attributes and hint`() throws {
        let field = FieldView(
            "name", "Name", id: "new-name", hint: "short",
            InputView(value: "a", isRequired: true, pattern: "[a-z]", minimum: 1))
        let text = try shown(FormView(path: "/x", fields: [field], submit: "Save"))
        #expect(text.contains(#"<input type="hidden" name="csrf" value="the token">"#))
        #expect(
            text.contains(
                #"<label for="new-name">Name</label><input id="new-name" name="name" value="a" required pattern="[a-z]" min="1" aria-describedby="new-name-hint"><small id="new-name-hint">short</small>"#
            ), "\(text)")
        #expect(text.contains("<button>Save</button></p>"))
        #expect(!text.contains("danger"))
    }

    @Test func `each kind of field is one element with its label`() throws {
        let choice = FieldView(
            "c", "Choice", options: [OptionView(text: "a"), OptionView(text: "b", isChosen: true)])
        #expect(
            try shown(choice)
                == #"<p><label for="c">Choice</label><select id="c" name="c"><option>a</option><option selected>b</option></select></p>"#
        )
        #expect(
            try shown(FieldView("l", "Lines", LinesView(rows: 2, text: "x")))
                == #"<p><label for="l">Lines</label><textarea id="l" name="l" rows="2">x</textarea></p>"#)
        #expect(
            try shown(FieldView("b", "Box", isTicked: true))
                == #"<p><label><input type="checkbox" name="b" value="yes" checked> Box</label></p>"#)
        var wrong = FieldView("w", "Wrong", InputView())
        wrong.error = "no such thing"
        #expect(
            try shown(wrong)
                == #"<p><label for="w">Wrong</label><input id="w" name="w" aria-invalid="true" aria-errormessage="w-error"><small class="problem" id="w-error" role="alert">no such thing</small></p>"#
        )
    }

    @Test func `an absent value shows no section, and is not looked up in outer views`() throws {
        // The menu around the action has no style either; the confirmation's cancel link has its own path.
        #expect(try shown(ActionView(path: "/x", label: "go")).hasSuffix("<button>go</button></form>"))
        let confirm = ConfirmView(
            path: "/do", label: "Do it", isDanger: true, back: LinkView(path: "/away", label: "Leave it"))
        let text = try shown(confirm)
        #expect(text.contains(#"action="/do""#))
        #expect(
            text.contains(
                #"<p><button class="danger">Do it</button> <a class="button quiet" href="/away">Leave it</a></p>"#
            ))
        #expect(!(try shown(ConfirmView(path: "/do", label: "Do it"))).contains("<a"))
        #expect(try shown(PagerView(previous: nil, next: "/b")).contains(#"<a rel="next" href="/b">"#))
        #expect(!(try shown(PagerView(previous: "", next: nil))).contains("<a"))
        let last = PagerView(range: PagerView.Range(offset: 250, limit: 50, count: 294))
        #expect(try shown(last).contains("<span>251–294 of 294</span>"))
        #expect(PagerView.Range(offset: 0, limit: 50, count: 50) == nil)
        #expect(PagerView.Range(offset: 300, limit: 50, count: 294) == nil)
    }

    @Test func `only the first column has the checkbox for all rows, if any has`() throws {
        var table = TableView("Nodes", live: "nodes", columns: ["Name"], rows: [NoRow(), NoRow()])
        #expect(
            try shown(table).contains(#"<th scope="col">Name</th></tr></thead><tbody data-live="nodes">"#))
        #expect(try shown(table).contains("<tr></tr>\n<tr></tr>\n</tbody>"))
        table.columns.insert(ColumnView(title: "All", selectsAll: true), at: 0)
        #expect(
            try shown(table).contains(
                #"<label class="hidden" for="all">All</label><input type="checkbox" id="all" data-select-all></th>"#
            ))
    }
}
