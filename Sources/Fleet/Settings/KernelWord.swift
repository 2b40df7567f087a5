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
        guard settingText.hasPrefix("/") else { return nil }
        let name = settingText.split(separator: "/").last ?? "ttyS0"
        return "‘\(settingText)’ is a file; the kernel names its consoles without a directory: \(name)"
    }
}
