/// The maximum memory for changes to a root, in tmpfs notation: a percentage, or `512M`.
package struct OverlaySize: SettingWord {
    static let half = Self(constant: "50%")

    package let settingText: String

    private init(constant: StaticString) { settingText = constant.description }

    package init(reading text: String) throws(InvalidSetting) {
        guard let unit = text.last, "%KMG".contains(unit), let number = Int(text.dropLast()), number > 0,
            text.first?.isWholeNumber == true, unit != "%" || number <= 100
        else { throw InvalidSetting("‘\(text)’ is neither a percentage (50%) nor a size (512M, 2G)") }
        settingText = text
    }

    package var flaw: Sentence? {
        guard let unit = settingText.last, let number = Int(settingText.dropLast()),
            let shift = ["K": 10, "M": 20, "G": 30][unit]
        else { return nil }
        let (byteCount, isTooMany) = number.multipliedReportingOverflow(by: 1 << shift)
        return !isTooMany && Self.range.contains(byteCount)
            ? nil : "‘\(settingText)’ is not 16M to 16384G: no system starts with less, and none has more"
    }

    private static let range = 16 << 20...16 << 40
}

/// The size of a node's volume: `512M`, `8G`, `1T`.
package struct VolumeSize: SettingWord {
    static let usual = Self(byteCount: 8 << 30, settingText: "8G")

    package let byteCount: Int
    package let settingText: String

    private init(byteCount: Int, settingText: String) {
        self.byteCount = byteCount
        self.settingText = settingText
    }

    package init(reading text: String) throws(InvalidSetting) {
        guard let byteCount = Volume.byteCount(text) else {
            throw InvalidSetting("‘\(text)’ is not a size of 64M to 16T")
        }
        self.byteCount = byteCount
        settingText = text
    }
}
