import Fleet
import Wire

/// One network as a form: new, or as it is written down, or as it was typed with what is wrong.
struct NetworkFormView: TemplateView {
    static let template = PageTemplate("network", Embedded.network_mustache)

    var heading: String
    /// What is wrong beside single fields.
    var problem: String?
    var form: FormView

    /// - Parameters:
    ///   - typed: the contents of the fields.
    ///   - errors: what is wrong with them, by their names; an empty name is for the whole.
    init(_ typed: NetworkForm, errors: [String: Sentence] = [:], mayEdit: Bool, _ words: Words) {
        heading = typed.isNew ? words("New network") : typed["name"]
        problem = errors[""].map { words($0) }
        func field(_ name: String, _ label: String, _ hint: String? = nil) -> FieldView {
            var field =
                NetworkForm.lists.contains(name)
                ? FieldView(name, words(label), LinesView(rows: 3, text: typed[name]))
                : FieldView(name, words(label), InputView(value: typed[name]))
            field.hint = hint.map { words($0) }
            field.error = errors[name].map { words($0) }
            return field
        }
        var fields: [FieldView] = []
        if typed.isNew {
            var name = field("name", "Name")
            name.input?.isRequired = true
            fields.append(name)
        }
        let parts = [
            FormPart(
                words("Addresses"),
                [
                    field("interface", "Interface", "Empty: machines are behind a relay"),
                    field("subnet", "Subnet", "Empty: the interface's"),
                    field("server", "Address of this server", "Empty: the interface's"),
                    field(
                        "pools", "Pools",
                        "A range a line, 10.77.0.100-10.77.0.200; empty: the upper half; - for none"),
                    field("lease", "Lease", "90s, 30m, 12h, 7d or infinite"),
                    FieldView(
                        "proxy",
                        words("Another server gives the addresses; Roost only names boot files (ProxyDHCP)"),
                        isTicked: typed.isProxy),
                ]),
            FormPart(
                words("What machines are told"),
                [
                    field("router", "Default router"), field("name-servers", "Name servers"),
                    field("time-servers", "Time servers"), field("domain", "Domain", "Empty: the server's"),
                ]),
            FormPart(
                words("More"), folds: true,
                [
                    field("mtu", "Largest packet (MTU)"),
                    field("routes", "Routes", "A route a line: 192.168.0.0/16 via 10.77.0.253"),
                    field("options", "Further DHCP options", "NUMBER=VALUE a line; bytes begin with 0x"),
                    FieldView(
                        "bootp", words("Give addresses to BOOTP machines that are not nodes"),
                        isTicked: typed.servesBOOTP),
                ]),
        ]
        var hidden = [HiddenView("new", typed.isNew ? "yes" : "")]
        if !typed.isNew { hidden += [HiddenView("name", typed["name"]), HiddenView("tag", typed.tag)] }
        form = FormView(
            path: "/networks/edit", style: "settings", hidden: hidden, fields: fields, parts: parts,
            submit: mayEdit ? words("What would change?") : nil,
            removal: mayEdit && !typed.isNew ? words("Remove this network") : nil)
    }
}

/// The fields of a network as texts, and what they say.
struct NetworkForm {
    /// Fields of several lines.
    static let lists: Set<String> = ["pools", "name-servers", "time-servers", "routes", "options"]
    private static let names = [
        "name", "interface", "subnet", "server", "pools", "router", "name-servers", "time-servers", "domain",
        "mtu", "routes", "lease", "options",
    ]

    private var texts: [String: String]
    var servesBOOTP: Bool
    var isProxy: Bool
    var isNew: Bool
    /// The state of the record that the form was made of.
    var tag: String

    subscript(name: String) -> String { texts[name] ?? "" }

    init(_ form: Form) {
        texts = Dictionary(uniqueKeysWithValues: Self.names.map { ($0, form[$0]) })
        (servesBOOTP, isProxy) = (form.has("bootp"), form.has("proxy"))
        (isNew, tag) = (form["new"] == "yes", form["tag"])
    }

    init(_ network: Network?, isNew: Bool, tag: String = "") {
        (self.isNew, self.tag) = (isNew, tag)
        servesBOOTP = network?.servesBOOTP ?? false
        isProxy = network?.isProxy ?? false
        func lines(_ values: [some CustomStringConvertible]) -> String {
            values.map(\.description).joined(separator: "\n")
        }
        guard let network else {
            texts = ["lease": LeaseTime.standard.description]
            return
        }
        texts = [
            "name": network.name.text, "interface": network.interface ?? "",
            "subnet": network.subnet?.description ?? "", "server": network.server?.description ?? "",
            "pools": network.pools.map { $0.isEmpty ? "-" : lines($0) } ?? "",
            "router": network.router?.description ?? "", "name-servers": lines(network.nameServers),
            "time-servers": lines(network.timeServers), "domain": network.domain ?? "",
            "mtu": network.mtu?.description ?? "", "routes": lines(network.routes),
            "lease": network.lease.description,
            "options": lines(
                network.options.texts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }),
        ]
    }

    /// What the fields say; throws all that is wrong with them.
    func network() throws -> Network {
        var errors: [String: Sentence] = [:]
        func value<Value>(_ name: String, _ expected: String, _ parse: (String) throws -> Value?) -> Value? {
            let text = String(self[name].trimmed)
            guard !text.isEmpty else { return nil }
            do {
                if let value = try parse(text) { return value }
                errors[name] = .unusable(text, expected)
            } catch { errors[name] = Sentence(of: error) }
            return nil
        }
        func list<Value>(_ name: String, _ expected: String, _ parse: (String) -> Value?) -> [Value] {
            let parts = self[name].split { $0.isNewline || $0 == "," }.map { String($0.trimmed) }
            return parts.filter { !$0.isEmpty }.compactMap { part in
                let value = parse(part)
                if value == nil { errors[name] = .unusable(part, expected) }
                return value
            }
        }
        let address = "an IPv4 address"
        let name = value("name", "a name") { try NetworkName($0) }
        if name == nil, errors["name"] == nil { errors["name"] = "a name is required" }
        let subnet = value("subnet", "a network such as 10.77.0.0/24") { IPv4Network($0) }
        let server = value("server", address) { IPv4Address($0) }
        let router = value("router", address) { IPv4Address($0) }
        let pools = self["pools"].trimmed == "-" ? [] : list("pools", AddressRange.form) { AddressRange($0) }
        let nameServers = list("name-servers", address) { IPv4Address($0) }
        let timeServers = list("time-servers", address) { IPv4Address($0) }
        let routes = list("routes", "NETWORK via ROUTER") { ClasslessRoute($0) }
        let mtu = value("mtu", "a number from 576 to 9216") { text in
            UInt16(text).flatMap { Network.mtuRange.contains($0) ? $0 : nil }
        }
        let lease = value("lease", LeaseTime.form) { LeaseTime($0) }
        let options = value("options", "NUMBER=VALUE a line") { try Self.options($0) }
        guard errors.isEmpty, let name else { throw FormProblem(errors: errors) }
        var network = Network(
            name: name, interface: value("interface", "an interface") { $0 }, subnet: subnet)
        (network.server, network.router, network.mtu) = (server, router, mtu)
        network.pools = self["pools"].trimmed.isEmpty ? nil : pools
        (network.nameServers, network.timeServers, network.routes) = (nameServers, timeServers, routes)
        network.domain = value("domain", "a domain") { $0 }
        network.lease = lease ?? .standard
        network.options = options ?? NetworkOptions()
        network.servesBOOTP = servesBOOTP
        network.isProxy = isProxy
        return network
    }

    private static func options(_ text: String) throws -> NetworkOptions? {
        var texts: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) where !line.trimmed.isEmpty {
            let parts = line.split(separator: "=", maxSplits: 1).map { String($0.trimmed) }
            guard parts.count == 2 else { return nil }
            texts[parts[0]] = parts[1]
        }
        return try NetworkOptions(texts)
    }
}

/// What is wrong with a form, by the names of its fields; an empty name is for the whole.
struct FormProblem: Error {
    var errors: [String: Sentence]

    init(errors: [String: Sentence]) { self.errors = errors }

    /// Of a refusal that begins with a field's name: `mtu: …`.
    init(_ refusal: InvalidSetting, fields: Set<String>) {
        if let (name, rest) = refusal.sentence.halves, fields.contains(name.english) {
            errors = [name.english: rest]
        } else {
            errors = ["": refusal.sentence]
        }
    }
}

extension Sentence {
    /// What was typed, and what was expected.
    static func unusable(_ text: String, _ expected: String) -> Self {
        "‘\(text)’ is not \(Sentence(phrase: expected))"
    }
}
