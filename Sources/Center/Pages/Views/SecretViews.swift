import API
import Fleet

/// Secrets of nodes, and the form for a new one.
struct SecretsView: TemplateView {
    static let template = PageTemplate("secrets", Embedded.secrets_mustache)

    var failure: String?
    /// Nil while there is none.
    var table: TableView<Row>?
    /// Whether the caller may open the form.
    var mayAdd: Bool
    /// The open form.
    var added: FormView?
    /// What the field of a node offers.
    var nodes: [String]

    /// What the form for a new one begins with, and offers.
    struct Offer {
        var group: GroupPath
        /// Whether the caller may add one for web hooks.
        var hasReceiver: Bool
        var groups: [String] = []
        var nodes: [String] = []
        var rules: [String] = []
    }

    struct Row: View {
        var name: String
        var group: String
        /// Where it goes: a file, or web hooks.
        var path: String
        var state: StateView
        var version: Int
        var changed: String
        /// Arms it for the next boot; nil where it is armed, and for callers who may not.
        var arm: ActionView?
    }

    /// - Parameters:
    ///   - mayAdd: whether the caller may add one somewhere.
    ///   - mayChange: whether the caller may change one of that group.
    ///   - offer: nil while the form is not open.
    ///   - typed: what was refused.
    init(
        _ secrets: [SecretAnswer], failure: String?, mayAdd: Bool,
        mayChange: (GroupPath) -> Bool = { _ in false }, offer: Offer?, typed: Form? = nil, _ words: Words
    ) {
        self.failure = failure
        if !secrets.isEmpty {
            table = TableView(
                words("Secrets"),
                columns: words.all("Name", "State", "Group", "File", "Version", "Value set", "Actions"),
                rows: secrets.map { Row($0, mayChange: mayChange($0.group), words) })
        }
        self.mayAdd = mayAdd && offer == nil
        nodes = offer?.nodes ?? []
        added = offer.map {
            Self.form($0, typed: typed, words).filled(from: typed, except: ["value", "base64"])
        }
    }

    private static func form(_ offer: Offer, typed: Form?, _ words: Words) -> FormView {
        var what = [
            FieldView(
                "name", words("Name"), InputView(isRequired: true, isFocused: true, maximumLength: 63))
        ]
        if offer.hasReceiver {
            what += [
                FieldView(
                    "for", words("For"),
                    options: [
                        OptionView(text: words("nodes"), value: forNodes, isChosen: true),
                        OptionView(text: words("web hooks"), value: forHooks),
                    ]),
                FieldView(
                    "receiver", words("For web hooks to"), hint: words("Scheme, host and port"),
                    InputView(placeholder: "https://chat.example")),
            ]
        }
        var kind = FieldView("kind", words("Kind"), options: kinds)
        kind.hint = words("You set a value; the server makes the other kinds.")
        what.append(kind)
        // What this is all about: it is in sight, unlike the other options of the file.
        let path = FieldView(
            "path", words("File on the node"), hint: words("Empty: %1", "\(Secret.directory)/NAME"),
            InputView())
        return FormView(
            path: "/secrets", style: "settings", heading: nil,
            parts: [
                FormPart(words("What it is"), what + valueFields(words) + mintingFields(words) + [path]),
                FormPart(words("Who gets it, and when"), placeFields(offer, typed: typed, words)),
                FormPart(words("File options"), folds: true, fileFields(words)),
            ], submit: words("Add secret"), cancel: "/secrets")
    }

    /// What a secret is for, as the form says it.
    static let (forNodes, forHooks) = ("nodes", "hooks")
    /// How a value is given, as the form says it.
    static let (asText, asBase64, asFile) = ("text", "base64", "file")

    fileprivate static func valueFields(_ words: Words) -> [FieldView] {
        [
            FieldView(
                "as", words("Value as"),
                options: [
                    OptionView(text: words("text"), value: asText, isChosen: true),
                    OptionView(text: "Base64", value: asBase64),
                    OptionView(text: words("file"), value: asFile),
                ]),
            FieldView("value", words("Value"), LinesView(rows: 3, isMasked: true)),
            FieldView("base64", words("Binary value (Base64)"), LinesView(rows: 3, isMasked: true)),
            FieldView("reveal", words("Show the value while you type it"), isTicked: false),
            FieldView("file", words("File"), id: "value-file", InputView(type: "file", bytesTo: "base64")),
        ]
    }

    private static func placeFields(_ offer: Offer, typed: Form?, _ words: Words) -> [FieldView] {
        var arming = FieldView("arming", words("Arm for"), options: armings(chosen: .off, words))
        // The usual mistake.
        arming.hint = words("Until you arm it, no boot gets it.")
        return [
            .group(offer.groups, first: offer.group.description, typed: typed, words),
            FieldView("node", words("Only this node"), InputView(maximumLength: 63, list: "node-names")),
            FieldView(
                "rule", words("Only nodes of this rule"),
                options: [OptionView(text: "—", value: "", isChosen: true)]
                    + offer.rules.map { OptionView(text: $0, value: $0) }),
            arming,
        ]
    }

    private static func fileFields(_ words: Words) -> [FieldView] {
        [
            FieldView("mode", words("Mode"), InputView(placeholder: "600")),
            FieldView("owner", words("Owner"), InputView(placeholder: "root")),
        ]
    }

    private static func mintingFields(_ words: Words) -> [FieldView] {
        [
            FieldView(
                "length", words("Characters of a password"),
                InputView(numberIn: MintedPassword.lengthLimits)),
            FieldView("alphabet", words("Characters that a password is made of"), InputView()),
            FieldView(
                "days", words("Days of a certificate"),
                InputView(numberIn: CertificateTerms.dayLimits)),
            FieldView(
                "names", words("Other names in a certificate"),
                InputView(placeholder: "NODE.farm.example")),
            FieldView(
                "server", words("API server"), InputView(placeholder: "https://10.0.0.1:6443")),
            FieldView("authority", words("Its authority, in PEM"), LinesView(rows: 3)),
            FieldView(
                "minutes", words("Minutes that a token lives"),
                InputView(numberIn: BootstrapTokens.minuteLimits)),
            FieldView(
                "groups", words("Groups of a token, separated by commas"),
                InputView(placeholder: BootstrapTokens.usualGroups.joined(separator: ","))),
            FieldView(
                "program", words("Program"), InputView(placeholder: "/etc/roost/minting/…")),
            FieldView(
                "seconds", words("Seconds that the program has"),
                InputView(numberIn: MintingProgram.secondLimits)),
        ]
    }

    /// The kind of a secret whose value people set.
    static let byPeople = "value"

    private static var kinds: [OptionView] {
        [OptionView(text: byPeople, value: byPeople, isChosen: true)]
            + Minting.Kind.allCases.map { OptionView(text: $0.rawValue, value: $0.rawValue) }
    }

    fileprivate static func armings(chosen: Secret.Arming, _ words: Words) -> [OptionView] {
        Secret.Arming.allCases.map {
            OptionView(text: words($0.boots), value: $0.rawValue, isChosen: $0 == chosen)
        }
    }
}

/// One secret: what it is, who got it, and the forms that arm and set it.
struct SecretView: TemplateView {
    static let template = PageTemplate("secret", Embedded.secret_mustache)

    var name: String
    var failure: String?
    var group: String
    /// Nil: all nodes of the group.
    var only: String?
    /// Where web hooks send it; nil: it is for nodes.
    var receiver: String?
    var path: String
    var mode: String
    var owner: String
    var state: StateView
    var version: Int
    var changed: String
    /// Its kind; nil when people set its value.
    var minted: String?
    /// What clients trust, or the API server's authority.
    var authority: String?
    var receipts: TableView<SecretReceiptRow>
    /// Nil for callers who may not change it.
    var armed: FormView?
    var value: FormView?
    /// Nil where the server keeps nothing that it made.
    var rotation: ConfirmView?
    var removal: ConfirmView?

    init(_ secret: SecretAnswer, failure: String?, mayChange: Bool, _ words: Words) {
        name = secret.name.text
        self.failure = failure
        group = secret.group.description
        only = Self.only(secret)
        receiver = secret.receiver
        path = secret.path
        mode = secret.mode
        owner = secret.owner
        state = StateView(secret, words)
        version = secret.version
        changed = Format.time(second: secret.changedAt)
        minted = secret.minted?.kind.rawValue
        authority = secret.minted?.authority
        receipts = SecretReceiptRow.table(secret.receipts ?? [], words)
        guard mayChange else { return }
        let path = "/secrets/\(secret.name)"
        if secret.receiver == nil {
            armed = FormView(
                path: path, style: "inline",
                fields: [
                    FieldView(
                        "arming", words("Arm for"),
                        options: SecretsView.armings(chosen: secret.arming, words))
                ], submit: words("Arm"))
        }
        switch secret.minted?.keeping {
        case nil, .given?:
            value = FormView(
                path: path, style: "card settings", heading: words("Another value"),
                fields: SecretsView.valueFields(words), submit: words("Save"))
        case .made?:
            rotation = ConfirmView(
                path: path, hidden: [HiddenView("rotate", "yes")], label: words("Make another one"))
        case .nothing?: break
        }
        removal = ConfirmView(path: "\(path)/remove", label: words("Remove"), isDanger: true)
    }
}

extension SecretView {
    private static func only(_ secret: SecretAnswer) -> String? {
        let parts = [secret.node?.text, secret.rule?.text].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
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
    /// What was minted, and what became of it.
    var minted: String?
    /// Why it was not.
    var failure: String?

    static func table(_ receipts: [SecretReceiptAnswer], _ words: Words) -> TableView<SecretReceiptRow> {
        TableView(
            words("Receipts"),
            columns: words.all("Secret", "Version", "Node", "Boot", "When", "Minted"),
            rows: receipts.map { receipt in
                SecretReceiptRow(
                    secret: receipt.secret.text, version: receipt.version, node: receipt.node.text,
                    boot: receipt.boot, at: Format.time(second: receipt.at),
                    count: receipt.count == 1 ? nil : receipt.count,
                    minted: [receipt.minted, receipt.state].compactMap(\.self).joined(separator: ": "),
                    failure: receipt.failure)
            })
    }
}

extension SecretsView.Row {
    init(_ secret: SecretAnswer, mayChange: Bool, _ words: Words) {
        name = secret.name.text
        group = secret.group == .site ? words("whole site") : secret.group.description
        path = secret.receiver ?? secret.path
        state = StateView(secret, words)
        version = secret.version
        changed = Format.time(second: secret.changedAt)
        guard mayChange, secret.arming == .off, secret.receiver == nil else { return }
        arm = ActionView(
            path: "/secrets/\(secret.name)", label: words("Arm for the next boot"), style: "quiet",
            hidden: [HiddenView("arming", Secret.Arming.nextBoot.rawValue)])
    }
}

extension StateView {
    /// Which boots get a secret.
    init(_ secret: SecretAnswer, _ words: Words) {
        if secret.receiver != nil {
            self.init(kind: "unseen", text: words("for web hooks"))
        } else if secret.isSpent {
            self.init(kind: "ready", text: words("delivered"))
        } else {
            let isArmed = secret.arming != .off
            self.init(
                kind: isArmed ? "booting" : "off",
                text: isArmed ? words("armed: %1", words(secret.arming.boots)) : words("not armed"))
        }
    }
}

extension Secret.Arming {
    /// Which boots get it, in English.
    var boots: String {
        switch self {
        case .off: "no boot"
        case .eachBoot: "each boot"
        case .nextBoot: "the next boot of each node"
        case .once: "one boot of one node"
        }
    }
}
