import Wire

/// One word of a kernel's command line without characters special to boot loaders.
package struct KernelWord: SettingWord {
    package let settingText: String

    package init(reading text: String) throws(InvalidSetting) {
        guard KernelWords.isWord(text) else {
            throw InvalidSetting(
                "‘\(text)’ is not one word without characters that boot loaders interpret: no spaces, quotes or \\ ; & | $ ` { } # < >"
            )
        }
        settingText = text
    }

    fileprivate init(constant: StaticString) { settingText = constant.description }

    package var flaw: Sentence? {
        let name = String(settingText.prefix { $0 != "=" })
        if let reason = Self.others[name] { return "‘\(settingText)’: \(reason)" }
        guard name.hasPrefix("roost.") else { return nil }
        let known = BootWord.allCases.map(\.rawValue).filter { $0.hasPrefix("roost.") }
        guard let word = BootWord(rawValue: name) else {
            return ("there is no word ‘\(name)’ of Roost" as Sentence)
                .followed(by: NearestName.hint(name, among: known))
        }
        return word.isForPeople
            ? nil
            : "‘\(settingText)’: Roost itself tells the node \(name), from its settings and the server's"
    }

    /// Words that each node gets with a value of its own, or that would take from it what it boots with.
    private static let others: [String: String] = [
        BootWord.card.rawValue: "Roost itself tells the node which card it boots with",
        "initrd": "the loader names the archives that it has loaded",
        "rdinit": "Roost's own program in the first archive brings the node its root; init= is the image's",
        "root": "the root is the image's (settings image and root-mode)",
        "net.ifnames": "the card that the node boots with keeps its name: it is in use before udev runs",
    ]
}

/// A console in the kernel's notation: `tty0`, `ttyS0,115200`.
package struct ConsoleWord: SettingWord {
    /// Screen and keyboard.
    static let screen = Self(word: KernelWord(constant: "tty0"))
    /// The first serial line.
    static let serial = Self(word: KernelWord(constant: "ttyS0"))

    package let word: KernelWord

    private init(word: KernelWord) { self.word = word }
    package init(reading text: String) throws(InvalidSetting) { word = try KernelWord(reading: text) }

    package var settingText: String { word.settingText }

    package var flaw: Sentence? {
        if settingText.hasPrefix("console=") {
            return "‘\(settingText)’ is the whole word of the kernel: here it is \(settingText.dropFirst(8))"
        }
        guard settingText.hasPrefix("/") else { return nil }
        let name = settingText.split(separator: "/").last ?? "ttyS0"
        return "‘\(settingText)’ is a file; the kernel names its consoles without a directory: \(name)"
    }
}
