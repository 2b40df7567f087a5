/// Where a node swaps memory: an item of the setting `swap`.
package enum SwapPlace: Equatable, Sendable {
    /// Compressed, in its own memory; a percentage of that.
    case zram(percent: Int)
    /// Every swap partition on its own disks.
    case disk
    /// A file on the server, by NBD, encrypted with a key that is not stored.
    case server(byteCount: Int)

    /// `zram`, `zram:50%`, `disk`, `server:2G`.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(
            String.init)
        switch (parts[0], parts.count == 2 ? parts[1] : nil) {
        case ("zram", nil): self = .zram(percent: 50)
        case ("zram", let size?):
            guard size.hasSuffix("%"), let percent = Int(size.dropLast()), (1...200).contains(percent) else {
                return nil
            }
            self = .zram(percent: percent)
        case ("disk", nil): self = .disk
        case ("server", let size?):
            guard let byteCount = Volume.byteCount(size), byteCount <= 1 << 40 else { return nil }
            self = .server(byteCount: byteCount)
        default: return nil
        }
    }
}

extension SwapPlace: SettingWord {
    package init(reading text: String) throws(InvalidSetting) {
        guard let place = Self(text) else {
            throw InvalidSetting("‘\(text)’ is not zram:50%, disk or server:2G")
        }
        self = place
    }

    package var settingText: String {
        switch self {
        case .zram(let percent): "zram:\(percent)%"
        case .disk: "disk"
        case .server(let byteCount): "server:\(byteCount >> 20)M"
        }
    }
}
