/// The name of an administrator.
extension String: RecordKey {
    package init(recordKey text: String) throws { self = text }
}

extension Int: RecordKey {
    package init(recordKey text: String) throws {
        guard let number = Int(text) else { throw InvalidName(text, rule: "a number") }
        self = number
    }
}

/// A name of a version in its image: `debian@stable`.
package struct ImageLabel: RecordKey, Comparable {
    package let image: ImageName
    package let name: ChannelName

    package init(_ image: ImageName, _ name: ChannelName) {
        self.image = image
        self.name = name
    }

    package init(recordKey text: String) throws {
        let parts = text.split(separator: "@", maxSplits: 1)
        guard parts.count == 2, let name = ChannelName(String(parts[1])) else {
            throw InvalidName(text, rule: "an image and a channel or tag: debian@stable")
        }
        self.init(try ImageName(parts[0]), name)
    }

    package var description: String { "\(image)@\(name)" }

    package static func < (left: Self, right: Self) -> Bool {
        (left.image, left.name.text) < (right.image, right.name.text)
    }
}
