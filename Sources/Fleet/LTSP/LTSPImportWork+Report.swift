/// What the report says of each line.
extension LTSPImportWork {
    mutating func tell() {
        for (index, section) in sections.enumerated() {
            for variable in section.variables { rows.append(row(variable, section, target[index])) }
            for link in section.links {
                let isThere = file.has(link.value) && !(file.dialect == .lts && section.subject == .all)
                rows.append(
                    LTSPImport.Row(
                        file: link.place.file, line: link.place.line, section: section.name,
                        variable: link.name, fate: isThere ? .translated : .notTaken,
                        text: isThere ? "takes over [\(link.value)]" : "there is nothing to take over"))
            }
        }
        rows.sort { ($0.file, $0.line) < ($1.file, $1.line) }
    }

    private func row(_ variable: LTSPVariable, _ section: LTSPFile.Section, _ target: Target?)
        -> LTSPImport.Row
    {
        var row = LTSPImport.Row(
            file: variable.place.file, line: variable.place.line, section: section.name,
            variable: variable.name, fate: .notTaken, text: "")
        let translation = LTSPTranslation(variable, in: file.dialect, images: fleet.images)
        switch target {
        case _ where translation.fate == .dropped: (row.fate, row.text) = (.dropped, translation.text)
        case _ where section.isHidden: row.text = "an earlier section of this name hides it"
        case .nowhere(let why): row.text = why
        case nil: row.text = lack(of: section)
        case .place(let place, let isNew):
            row.fate = translation.fate
            if file.dialect == .lts, variable.value.isNone {
                row.text = "takes the variable away (\(place))"
            } else if variable.name == "HOSTNAME", !isNew {
                (row.fate, row.text) = (
                    .notTaken, "a name is given only to a new node, by the section of its card"
                )
            } else if translation.fate == .notTaken {
                row.text = translation.text
            } else if [.kept, .recorded].contains(translation.fate), translation.text.hasSuffix(")") {
                row.text = "\(translation.text.dropLast()); \(place))"
            } else {
                row.text = "\(translation.text) (\(place))"
            }
        }
        return row
    }

    /// Why no machine has a section.
    private func lack(of section: LTSPFile.Section) -> String {
        switch section.subject {
        case .hostName(let name) where takenOver.contains(section.name):
            "there is no node ‘\(name)’, and none that has a section which takes it over: add nodes (roost node add), and import again"
        case .hostName(let name):
            "there is no node ‘\(name)’, and no section takes it over: add it (roost node add), and import again"
        case .address(let address):
            "no node has the address \(address): give it to one (roost node set --address), and import again"
        default: "no machine has this section"
        }
    }
}
