import API
import Fleet
import Foundation
import Testing
import Wire

/// The JSON of a list of changes, which names its records by their kinds.
@Suite struct ChangeRequestTests {
    private static func edit(_ json: String) throws -> ChangeRequest.Edit {
        try JSONDecoder().decode(ChangeRequest.Edit.self, from: Data(json.utf8))
    }

    private static func json(_ edit: ChangeRequest.Edit) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(edit), as: UTF8.self)
    }

    private static func record(_ edit: ChangeRequest.Edit) -> FleetEdit? {
        if case .record(let record) = edit.act { record } else { nil }
    }

    @Test(arguments: [
        (#"{"removeNode":"pc-1"}"#, "node", "pc-1"),
        (#"{"removeGroup":"/school/room-2"}"#, "group", "/school/room-2"),
        (#"{"removeRule":"old"}"#, "rule", "old"),
        (#"{"removeImageSettings":"debian@3"}"#, "image-settings", "debian@3"),
        (#"{"imageSettings":{"image":"debian","settings":{},"version":3}}"#, "image-settings", "debian@3"),
        (#"{"removeNetwork":"school"}"#, "network", "school"),
        (#"{"removeReservation":"52:54:00:00:00:01"}"#, "reservation", "52:54:00:00:00:01"),
        (#"{"removeLoaderRule":"old"}"#, "loader-rule", "old"),
        (#"{"node":{"macAddresses":["52:54:00:00:00:01"],"name":"pc-1"}}"#, "node", "pc-1"),
        (#"{"group":{"path":"/school"}}"#, "group", "/school"),
        (#"{"network":{"name":"school","subnet":"10.77.0.0/24"}}"#, "network", "school"),
        (
            #"{"reservation":{"address":"10.77.0.7","machine":"52:54:00:00:00:01"}}"#, "reservation",
            "52:54:00:00:00:01"
        ),
        (#"{"loaderRule":{"loader":"snponly.efi","name":"old"}}"#, "loader-rule", "old"),
    ])
    func `an edit is read as written`(json: String, kind: String, key: String) throws {
        let edit = try Self.edit(json)
        let record = try #require(Self.record(edit))
        #expect(record.type.kind == kind && record.key == key)
        #expect((record.record == nil) == json.contains("remove"))
        #expect(Self.record(try Self.edit(Self.json(edit))) == record)
        if record.record == nil { #expect(try Self.json(edit) == json) }
    }

    @Test func `settings, moves and isNew come back`() throws {
        for json in [
            #"{"moveGroup":{"from":"/a","to":"/b"}}"#, #"{"isNew":true,"removeNode":"pc-1"}"#,
            #"{"settings":{"set":{},"target":"/","unset":["locale"]}}"#,
        ] {
            let edit = try Self.edit(json)
            let back = try Self.json(edit)
            #expect(try Self.json(Self.edit(back)) == back)
        }
        #expect(
            try Self.json(Self.edit(#"{"isNew":true,"removeNode":"pc-1","node":null}"#)).contains("isNew"))
    }

    @Test(arguments: [
        "{}", #"{"isNew":true}"#, #"{"removeNode":"pc-1","removeGroup":"/a"}"#, #"{"node":null}"#,
        #"{"volume":{}}"#, #"{"removeAdministrator":"ann"}"#,
    ])
    func `an edit does one thing`(json: String) {
        let error = #expect(throws: DecodingError.self) { try Self.edit(json) }
        guard case .dataCorrupted(let context)? = error else {
            Issue.record("\(json): \(String(describing: error))")
            return
        }
        #expect(
            context.debugDescription.contains(
                "exactly one of account, group, imageSettings, loaderRule, moveGroup, network"))
    }
}
