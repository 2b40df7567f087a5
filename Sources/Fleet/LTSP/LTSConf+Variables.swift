extension LTSConf {
    /// The effective variables of a machine, in the order in which getltscfg prints them.
    ///
    /// - Parameters:
    ///   - kernelLine: its kernel command line, whose `ltsp.NAME=VALUE` are the weakest.
    ///   - isEvaluated: whether the values are as a shell has them afterwards; otherwise as getltscfg prints them.
    package func variables(
        of machine: LTSPMachine, kernelLine: String = "", isEvaluated: Bool = true
    ) -> [LTSPVariable] {
        let roots = roots(of: machine)
        let chain = chain(from: roots)
        let printed = lastPlaces(in: chain, from: roots)
        var settings: [Setting] = []
        var places: [String: Int] = [:]
        func add(_ section: Int) {
            for setting in sections[section].settings {
                if let place = places[setting.name] {
                    settings[place] = setting
                } else {
                    places[setting.name] = settings.count
                    settings.append(setting)
                }
            }
        }
        // Where a section counts twice, its last place decides where its variables stand, and its first one what they are.
        for section in printed.reversed() { add(section) }
        if printed != chain { for section in chain.reversed() { add(section) } }
        settings.removeAll { $0.text.isNone }
        var variables: [LTSPVariable] = []
        variables.reserveCapacity(settings.count)
        var values: [String: String] = [:]
        if !kernelLine.isEmpty {
            let named = Set(settings.lazy.filter { !isEvaluated || !$0.isLost }.map(\.name))
            let words = KernelVariables(kernelLine, dashesAreLines: false).variables
            for word in words { values[word.name] = word.value }
            variables = words.filter { !named.contains($0.name) }
        }
        var left = LTSPLimit.byteCount
        for setting in settings where !isEvaluated || !setting.isLost {
            var value = setting.text
            if isEvaluated {
                value = setting.word.literal ?? setting.word.value { values[$0] }
                if value.utf8.count > left { value = "" }
                left -= value.utf8.count
                values[setting.name] = value
            }
            variables.append(LTSPVariable(name: setting.name, value: value, place: setting.place))
        }
        return variables
    }
}

/// `ltsp.NAME=VALUE` of a kernel command line.
struct KernelVariables {
    private(set) var variables: [LTSPVariable] = []

    /// - Parameter dashesAreLines: whether `-` in a name becomes `_`, as in LTSP 19 and later.
    init(_ line: String, dashesAreLines: Bool) {
        guard line.utf8.count <= LTSPLimit.valueByteCount else { return }
        for word in Self.words(line) {
            guard word.lowercased().hasPrefix("ltsp."), let equals = word.firstIndex(of: "=") else {
                continue
            }
            var name = word[..<equals].dropFirst(5).uppercased()
            if dashesAreLines { name = String(name.map { $0 == "-" ? "_" : $0 }) }
            guard name.isShellName else { continue }
            let value = word[word.index(after: equals)...].filter { $0 != "\"" }
            variables.removeAll { $0.name == name }
            variables.append(LTSPVariable(name: name, value: value, place: .kernelLine))
        }
    }

    /// Spaces between quotation marks separate nothing.
    private static func words(_ line: String) -> [String] {
        var words = [""]
        var isQuoted = false
        for character in line {
            if character == "\"" { isQuoted.toggle() }
            if character.isWhitespace, !isQuoted {
                words.append("")
            } else {
                words[words.count - 1].append(character)
            }
        }
        return words
    }
}

extension String {
    /// `NONE` in any case takes a variable away.
    var isNone: Bool { utf8.count == 4 && uppercased() == "NONE" }
}

extension [LTSPVariable] {
    package subscript(name: String) -> LTSPVariable? { first { $0.name == name } }

    /// With the names of LTSP 4 under their new ones, where these have no value.
    package var withFormerNames: [LTSPVariable] {
        var variables = self
        for (former, name) in Self.formerNames {
            guard let old = self[former], !old.value.isEmpty, variables[name]?.value.isEmpty != false else {
                continue
            }
            variables.removeAll { $0.name == name }
            variables.append(LTSPVariable(name: name, value: old.value, place: old.place))
        }
        return variables
    }

    private static var formerNames: [(String, String)] {
        [
            ("X_VIDEORAM", "X_VIDEO_RAM"), ("LOCAL_STORAGE", "LOCALDEV"), ("XF86CONFIG_FILE", "X_CONF"),
            ("X_HORIZSYNC", "X_HORZSYNC"),
        ]
    }

    /// As the script of one screen sees them: `SCREEN_07_NAME` is `NAME` there.
    ///
    /// - Parameter number: two digits.
    package func inScreen(_ number: String) -> [LTSPVariable] {
        let prefix = "SCREEN_\(number)_"
        var variables = self
        for variable in self
        where variable.name.hasPrefix(prefix) && variable.name.utf8.count > prefix.utf8.count {
            let name = String(variable.name.dropFirst(prefix.count))
            variables.removeAll { $0.name == name }
            variables.append(LTSPVariable(name: name, value: variable.value, place: variable.place))
        }
        return variables
    }

    /// Those of a family such as `RCFILE_`, in the order in which LTSP 5 takes them: `RCFILE_2` before `RCFILE_10`.
    package func inVersionOrder(_ prefix: String) -> [LTSPVariable] {
        filter { $0.name.hasPrefix(prefix) }
            .sorted { Self.isBefore($0.name, $1.name) }
    }

    /// Those of a family, in the order in which LTSP 19 and later take them: by bytes, without empty ones.
    package func inByteOrder(_ prefix: String) -> [LTSPVariable] {
        filter { $0.name.hasPrefix(prefix) && !$0.value.isEmpty }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// The order of `sort -V`: numbers by their value, letters before other characters, and equal ones by their bytes (01 before 1).
    private static func isBefore(_ left: String, _ right: String) -> Bool {
        let (one, other) = ([UInt8](left.utf8), [UInt8](right.utf8))
        var (i, j) = (0, 0)
        func isNumber(_ text: [UInt8], _ place: Int) -> Bool {
            place < text.count && text[place].isDecimal
        }
        func rank(_ text: [UInt8], _ place: Int) -> Int {
            guard place < text.count, !text[place].isDecimal else { return 0 }
            return Int(text[place]) + ((0x61...0x7A).contains(text[place] | 0x20) ? 0 : 256)
        }
        while i < one.count || j < other.count {
            while i < one.count && !isNumber(one, i) || j < other.count && !isNumber(other, j) {
                let (first, second) = (rank(one, i), rank(other, j))
                if first != second { return first < second }
                (i, j) = (i + 1, j + 1)
            }
            while i < one.count, one[i] == 0x30 { i += 1 }
            while j < other.count, other[j] == 0x30 { j += 1 }
            var isLess: Bool?
            while isNumber(one, i), isNumber(other, j) {
                if isLess == nil, one[i] != other[j] { isLess = one[i] < other[j] }
                (i, j) = (i + 1, j + 1)
            }
            if isNumber(one, i) { return false }
            if isNumber(other, j) { return true }
            if let isLess { return isLess }
        }
        return one.lexicographicallyPrecedes(other)
    }
}
