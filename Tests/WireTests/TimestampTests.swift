import Foundation
import Testing
import Wire

/// Moments in JSON are texts in the form of RFC 3339; numbers from older versions are read.
@Suite struct TimestampTests {
    private struct Answer: Codable, Equatable {
        @SecondTimestamp var at: Int
        @MillisecondTimestamp var seenAt: Int
        @SecondTimestamp var endedAt: Int?
    }

    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2026-11-29T04:55:45Z", 1_795_928_145_000),
        ("2026-11-29T04:55:45.6Z", 1_795_928_145_600), ("2026-11-29t04:55:45.123456789z", 1_795_928_145_123),
        ("2026-11-29T05:55:45+01:00", 1_795_928_145_000), ("2026-11-28T23:25:45-05:30", 1_795_928_145_000),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000), ("2000-02-29T12:00:00Z", 951_825_600_000),
        ("2016-12-31T23:59:60Z", 1_483_228_799_000), ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
    ])
    func `a text is parsed to the moment that it names`(text: String, milliseconds: Int) {
        #expect(RFC3339.milliseconds(text) == milliseconds)
    }

    @Test(arguments: [
        "", "2026", "2026-11-29", "2026-11-29T04:55Z", "2026-11-29T04:55:45", "2026-11-29 04:55:45Z",
        "2023-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
        "2026-04-31T00:00:00Z", "2026-11-29T24:00:00Z", "2026-11-29T04:60:00Z", "2026-11-29T04:55:61Z",
        "2026-11-29T04:55:45.Z", "2026-11-29T04:55:45+24:00", "2026-11-29T04:55:45+0100",
        "2026-11-29T04:55:45Zx", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+01:00", "+026-11-29T04:55:45Z",
        "２０２６-11-29T04:55:45Z",
    ])
    func `anything that is not a moment since 1970 is refused`(text: String) {
        #expect(RFC3339.milliseconds(text) == nil)
    }

    @Test func `a text of any length is refused`() {
        #expect(RFC3339.milliseconds(String(repeating: "9", count: 100_000)) == nil)
    }

    @Test func `every day round-trips`() {
        for day in stride(from: 0, through: 2_932_896, by: 97) {
            let seconds = day * 86_400 + day % 86_400
            #expect(RFC3339.milliseconds(RFC3339.text(seconds: seconds)) == seconds * 1_000)
        }
        // An impossible date becomes the nearest valid moment.
        #expect(RFC3339.text(seconds: -1) == "1970-01-01T00:00:00Z")
        #expect(RFC3339.text(seconds: .max) == "9999-12-31T23:59:59Z")
        #expect(RFC3339.text(milliseconds: .min) == "1970-01-01T00:00:00.000Z")
        #expect(RFC3339.text(milliseconds: .max) == "9999-12-31T23:59:59.999Z")
    }

    @Test func `moments are texts in JSON, and missing ones are left out`() throws {
        let answer = Answer(at: 1_795_928_145, seenAt: 1_795_928_145_060, endedAt: nil)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let text = String(decoding: try encoder.encode(answer), as: UTF8.self)
        #expect(text == #"{"at":"2026-11-29T04:55:45Z","seenAt":"2026-11-29T04:55:45.060Z"}"#)
        #expect(try JSONDecoder().decode(Answer.self, from: Data(text.utf8)) == answer)
    }

    @Test func `numbers from older versions are read, and stores keep writing them`() throws {
        let json = #"{"at":1795928145,"endedAt":7,"seenAt":1795928145060}"#
        let answer = try JSONDecoder().decode(Answer.self, from: Data(json.utf8))
        #expect(answer == Answer(at: 1_795_928_145, seenAt: 1_795_928_145_060, endedAt: 7))
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        encoder.userInfo[try #require(CodingUserInfoKey.timestampsAreNumbers)] = true
        #expect(String(decoding: try encoder.encode(answer), as: UTF8.self) == json)
    }

    @Test(arguments: [
        #"{"at":null,"seenAt":1}"#, #"{"seenAt":1}"#, #"{"at":"soon","seenAt":1}"#, #"{"at":1.5,"seenAt":1}"#,
    ])
    func `a required moment must be present and valid`(json: String) {
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(Answer.self, from: Data(json.utf8)) }
    }

    @Test func `null is accepted only for an optional moment`() throws {
        let json = #"{"at":1,"endedAt":null,"seenAt":1}"#
        #expect(try JSONDecoder().decode(Answer.self, from: Data(json.utf8)).endedAt == nil)
    }
}

/// Times that people type.
@Suite struct PastMomentTests {
    @Test(arguments: [
        ("2026-11-21", PastMoment.second(1_795_219_200)), ("2026-11-21T10:00:00Z", .second(1_795_255_200)),
        ("2026-11-21 10:00Z", .second(1_795_255_200)), ("2026-11-21T11:00+01:00", .second(1_795_255_200)),
        ("1700000000", .second(1_700_000_000)), ("60", .second(60)), ("30m", .age(1_800)),
        ("7d", .age(604_800)),
        ("99999999999999999999w", .age(.max)),
    ])
    func `the usual forms are read`(text: String, moment: PastMoment) throws {
        #expect(try PastMoment(text) == moment)
    }

    @Test(arguments: [
        ("2026-02-30", "there is no day 30 in 2026-02"), ("2026-13-01", "there is no month 13"),
        ("2026-00-01", "there is no month 00"), ("2026-11-00", "there is no day 00 in 2026-11"),
        ("2026-11-21T24:00Z", "there is no hour 24"), ("2026-11-21T10:60Z", "there is no minute 60"),
        ("2026-11-21T10:00:61Z", "there is no second 61"),
        ("2026-11-21T10:00", "its zone is missing"), ("2026-11-21 10:00:00", "its zone is missing"),
        ("2026-11-21T10:00 CET", "the zone is Z, or an offset such as +01:00"),
        ("2026-11-21T10:00+0100", "the zone is Z, or an offset such as +01:00"),
        ("2026-11-21T10", "after the hour comes :"), ("24:00", "the year must have four digits"),
        ("2026-1-1", "the month must have two digits"), ("2026-11-21x", "after the day comes T"),
        ("2026-11-21T10:00Zx", "‘x’ is too much"), ("1969-12-31", "times are from 1970 to 9999"),
        ("2026", "the dashes of a day are missing"), ("20261121", "the dashes of a day are missing"),
        ("5y", "it ends in s, m, h, d or w"), ("2H", "it ends in s, m, h, d or w"),
        ("-5", "the year must have four digits"), ("", "the year must have four digits"),
        ("yesterday", "the year must have four digits"), ("２０２６-11-21", "the year must have four digits"),
    ])
    func `what is wrong is named, with the forms that work`(text: String, part: String) {
        let error = #expect(throws: UnreadableMoment.self) { try PastMoment(text) }
        #expect(error?.description.contains(part) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("2026-11-21T10:00:00Z") == true)
        #expect(error?.description.contains("30m, 2h, 7d") == true)
    }

    @Test func `a moment lies between 1970 and now`() throws {
        #expect(try PastMoment("2099-01-01").second(now: 1_800_000_000) == 1_800_000_000)
        #expect(PastMoment.age(.max).second(now: 1_800_000_000) == 0)
        #expect(PastMoment.age(7_200).second(now: 1_800_000_000) == 1_799_992_800)
    }
}
