import API
import Fleet

/// Secrets of nodes, and the form for a new one.
struct SecretsView: TemplateView {
    static let template = PageTemplate("secrets", Embedded.secrets_mustache)

    var failure: String?
    var table: TableView<Row>
    /// Nil for callers who may add none.
    var added: FormView?

    struct Row: View {
        var name: String
        var group: String
        var path: String
        var arming: String
        var version: Int
        var changed: String
    }

    /// - Parameter group: where the caller may add one; nil: nowhere.
    init(_ secrets: [SecretAnswer], failure: String?, group: String?, _ words: Words) {
        self.failure = failure
        table = TableView(
            words("Secrets"),
            columns: words.all("Name", "Group", "File", "Armed for", "Version", "Value set"),
            rows: secrets.map { secret in
                Row(
                    name: secret.name.text, group: secret.group.description, path: secret.path,
                    arming: secret.shownArming(words), version: secret.version,
                    changed: Format.time(second: secret.changedAt))
            })
        added = group.map { Self.form(in: $0, words) }
    }

    private static func form(in group: String, _ words: Words) -> FormView {
        FormView(
            path: "/secrets", style: "card settings", heading: words("New secret"),
            fields: [
                FieldView("name", words("Name"), InputView(isRequired: true, maximumLength: 63)),
                FieldView("group", words("Group"), InputView(value: group)),
                FieldView("path", words("File"), InputView(placeholder: "\(Secret.directory)/…")),
                FieldView("mode", words("Mode"), InputView(value: "600")),
                FieldView("owner", words("Owner"), InputView(value: "root")),
                FieldView("arming", words("Armed for"), options: Self.armings(chosen: .off)),
                FieldView("value", words("Value"), LinesView(rows: 3)),
                FieldView(
                    "length",
                    words("Characters of a random password for each node and boot, instead of a value"),
                    InputView(
                        type: "number", minimum: MintedPassword.lengthLimits.lowerBound,
                        maximum: MintedPassword.lengthLimits.upperBound)),
            ], submit: words("Add"))
    }

    fileprivate static func armings(chosen: Secret.Arming) -> [OptionView] {
        Secret.Arming.allCases.map { OptionView(text: $0.rawValue, isChosen: $0 == chosen) }
    }
}

/// One secret: what it is, who got it, and the forms that arm and set it.
struct SecretView: TemplateView {
    static let template = PageTemplate("secret", Embedded.secret_mustache)

    var name: String
    var failure: String?
    var group: String
    var path: String
    var mode: String
    var owner: String
    var arming: String
    var version: Int
    var changed: String
    /// Nil when people set its value.
    var minted: Int?
    var receipts: TableView<SecretReceiptRow>
    /// Nil for callers who may not change it.
    var armed: FormView?
    var value: FormView?
    var removal: ConfirmView?

    init(_ secret: SecretAnswer, failure: String?, mayChange: Bool, _ words: Words) {
        name = secret.name.text
        self.failure = failure
        group = secret.group.description
        path = secret.path
        mode = secret.mode
        owner = secret.owner
        arming = secret.shownArming(words)
        version = secret.version
        changed = Format.time(second: secret.changedAt)
        minted = secret.minted?.length
        receipts = SecretReceiptRow.table(secret.receipts ?? [], words)
        guard mayChange else { return }
        let path = "/secrets/\(secret.name)"
        armed = FormView(
            path: path, style: "inline",
            fields: [
                FieldView(
                    "arming", words("Armed for"), options: SecretsView.armings(chosen: secret.arming))
            ], submit: words("Arm"))
        if secret.minted == nil {
            value = FormView(
                path: path, style: "card settings", heading: words("Another value"),
                fields: [FieldView("value", words("Value"), LinesView(rows: 3))], submit: words("Save"))
        }
        removal = ConfirmView(path: "\(path)/remove", label: words("Remove"), isDanger: true)
    }
}

/// Which node got which version of a secret.
struct SecretReceiptRow: View {
    var secret: String
    var version: Int
    var node: String
    var boot: String
    var at: String
    /// Nil: it went out once.
    var count: Int?

    static func table(_ receipts: [SecretReceiptAnswer], _ words: Words) -> TableView<SecretReceiptRow> {
        TableView(
            words("Receipts"),
            columns: words.all("Secret", "Version", "Node", "Boot", "When"),
            rows: receipts.map { receipt in
                SecretReceiptRow(
                    secret: receipt.secret.text, version: receipt.version, node: receipt.node.text,
                    boot: receipt.boot, at: Format.time(second: receipt.at),
                    count: receipt.count > 1 ? receipt.count : nil)
            })
    }
}

extension SecretAnswer {
    fileprivate func shownArming(_ words: Words) -> String {
        isSpent ? "\(arming.rawValue) (\(words("delivered")))" : arming.rawValue
    }
}
