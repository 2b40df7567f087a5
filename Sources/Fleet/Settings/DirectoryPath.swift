/// An absolute path of a directory, without anything that leads elsewhere or could end a word.
package struct DirectoryPath: SettingWord {
    package let settingText: String

    package init(reading text: String) throws(InvalidSetting) {
        guard text.hasPrefix("/") else {
            throw InvalidSetting("‘\(text)’ is not an absolute path of a directory")
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        guard KernelWords.isWord(text), !text.contains(":"), !text.contains(","),
            parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." })
        else {
            throw InvalidSetting(
                text == "/"
                    ? "‘/’ is the whole root (root-mode=persistent keeps all of it)"
                    : "‘\(text)’ is not a plain path of a directory: no ‘/’ at the end, no ‘//’, ‘.’, ‘..’, blanks, quotes, colons or commas in it"
            )
        }
        settingText = text
    }

    package var flaw: Sentence? {
        let first = settingText.split(separator: "/").first.map(String.init) ?? ""
        return Self.fleeting.contains(first)
            ? "‘\(settingText)’ cannot be kept: /\(first) is made anew at each start" : nil
    }

    /// In the memory of each boot.
    private static let fleeting: Set<String> = ["proc", "sys", "dev", "run"]
}

/// A file system's label: within the limits of ext4 (16 bytes) and others, and of kernel words.
package struct FileSystemLabel: SettingWord {
    package let settingText: String

    package init(reading text: String) throws(InvalidSetting) {
        let isLabel =
            (1...16).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20)
                    || [0x2D, 0x2E, 0x5F].contains($0)
            }
        guard isLabel else {
            throw InvalidSetting(
                "‘\(text)’ is not a label: up to 16 letters, digits, dots, hyphens and underscores")
        }
        settingText = text
    }
}
