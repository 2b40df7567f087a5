package import Wire

/// For whom a file of variables is made.
package struct VariableReader: Equatable, Sendable {
    package var node: Node?
    package var card: MACAddress?
    package var address: IPv4Address
    /// Whether it asks from the address that the node holds: only then it gets passwords and the like.
    package var isNodeItself: Bool

    package init(node: Node?, card: MACAddress?, address: IPv4Address, isNodeItself: Bool) {
        self.node = node
        self.card = card
        self.address = address
        self.isNodeItself = isNodeItself
    }
}

extension FleetSnapshot {
    /// The file that old clients ask for, with what applies to the reader and nothing of other machines: a single section, so that each version
    /// of their software finds it. Nil: there is nothing, and the client goes on with what is in its image.
    ///
    /// - Parameter image: the image whose kept file counts; nil: the one that the node boots.
    package func variableFile(
        _ dialect: LTSPVariableKind.Dialect, for reader: VariableReader, image: ImageName? = nil
    ) -> String? {
        var variables = variables(dialect, for: reader, image: image)
        // A name that no shell takes would spoil the rest of the file.
        variables.removeAll { $0.value.isEmpty || !$0.name.isShellName }
        guard !variables.isEmpty else { return nil }
        let withheld = reader.isNodeItself ? [] : variables.filter(LTSPVariableKind.isConfidential)
        let given = variables.filter { variable in !withheld.contains { $0.name == variable.name } }
        var text = LTSPFileText.of(
            given.map { ($0.name, $0.value) }, header: dialect.header, isOneLine: dialect == .lts)
        for variable in withheld {
            text +=
                "# \(variable.name) is only for the machine that it is set for, at its own address, and for none that a TPM identifies\n"
        }
        return text
    }

    /// What files and settings say together. Files have variables, too, that became settings here: an old client knows only those.
    private func variables(
        _ dialect: LTSPVariableKind.Dialect, for reader: VariableReader, image: ImageName?
    ) -> [LTSPVariable] {
        let settings = settings(of: reader.node, at: reader.address, card: reader.card)
        let machines = machines(of: reader.node, at: reader.address, card: reader.card)
        let chosen = image ?? settings[Settings.image].flatMap { $0?.image }
        let only = images.count == 1 ? images.keys.first : nil
        let scopes = [KeptScope.site] + [chosen ?? only].compactMap(\.self).map { .image($0) }
        var variables: [String: LTSPVariable] = [:]
        for reading in scopes.compactMap(keptReading) where reading.file.dialect == dialect {
            for variable in reading.variables(of: machines) { variables[variable.name] = variable }
        }
        let prefix = "\(dialect.namespace)."
        for name in settings.namesSet where name.hasPrefix(prefix) {
            guard let definition = SettingDefinition.named(name),
                case .text(let value) = settings.open(definition)
            else { continue }
            let key = String(name.dropFirst(prefix.count))
            // A file that the path names is stronger than what another image's file set.
            if image != nil, let named = variables[key], case .file = settings[definition].origin,
                named.value != value
            {
                continue
            }
            variables[key] = LTSPVariable(
                name: key, value: value, place: LTSPPlace(file: name, line: 0, section: ""))
        }
        return variables.values.sorted { $0.name < $1.name }
    }
}
