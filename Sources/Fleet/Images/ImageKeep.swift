/// How many of an image's newest versions to keep when a new one arrives; without it, all.
package struct ImageKeep: Equatable, Sendable {
    private static let range = 1...1_000

    package var count: Int
}

extension ImageKeep: Codable {
    package init(from decoder: any Decoder) throws {
        count = try decoder.singleValueContainer().decode(Int.self)
    }
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(count)
    }
}

extension FleetEdit {
    /// - Parameter count: how many of the newest versions to keep; nil: all.
    package static func keep(_ image: ImageName, _ count: Int?) -> Self {
        Self(image, count.map(ImageKeep.init))
    }
}

extension ImageKeep: FleetRecord {
    package static let kind = "keep"
    package static var declaredForm: (any DeclaredForm.Type)? { DeclaredKeep.self }

    package static func keys(in contents: FleetSnapshot.Contents) -> [ImageName] {
        contents.images.values.filter { $0.keep != nil }.map(\.name)
    }

    package static func record(at key: ImageName, in contents: FleetSnapshot.Contents) -> ImageKeep? {
        contents.images[key]?.keep.map(ImageKeep.init)
    }
    package static func put(
        _ record: ImageKeep?, at key: ImageName, in contents: inout FleetSnapshot.Contents
    ) { contents.images[key]?.keep = record?.count }

    package static func checked(
        _ change: RecordChange<ImageKeep>, in draft: FleetSnapshot.Contents, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws -> ImageKeep? {
        _ = try draft.image(change.key)
        guard change.after.map({ range.contains($0.count) }) != false else {
            throw InvalidSetting("keep: \(range.lowerBound) to \(range.upperBound) versions")
        }
        return change.after
    }

    package static func summary(of change: RecordChange<ImageKeep>, in snapshot: FleetSnapshot) -> String {
        change.after.map { "\(change.key) keeps its \($0.count) newest versions" }
            ?? "\(change.key) keeps all versions"
    }
}
