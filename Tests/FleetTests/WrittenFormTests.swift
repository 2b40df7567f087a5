import Foundation
import Testing

@testable import Fleet

/// Small texts of settings and files: what is one, and what is not.
@Suite struct WrittenFormTests {
    @Test(arguments: [
        ("zram", SwapPlace.zram(percent: 50)), ("zram:1%", .zram(percent: 1)),
        ("zram:200%", .zram(percent: 200)), ("disk", .disk), ("server:2G", .server(byteCount: 2 << 30)),
        ("server:1T", .server(byteCount: 1 << 40)),
    ])
    func `a place to swap is read, and comes back from its own text`(text: String, place: SwapPlace) throws {
        #expect(SwapPlace(text) == place)
        #expect(try SwapPlace(reading: place.settingText) == place)
    }

    @Test(arguments: [
        "", "zram:", "zram:50", "zram:0%", "zram:201%", "disk:1", "server", "server:", "server:2",
        "server:2T",
        "none",
    ])
    func `what is no place to swap is refused by its name`(text: String) {
        let error = #expect(throws: InvalidSetting.self) { try SwapPlace(reading: text) }
        #expect(error?.description.contains("‘\(text)’") == true)
    }

    @Test(arguments: [("2", 2.0), ("2.5", 2.5), (#""2.5""#, 2.5), (#""1e3""#, 1_000)])
    func `a number with a fraction may be a text`(json: String, value: Double) throws {
        #expect(
            try JSONDecoder().decode([WrittenNumber].self, from: Data("[\(json)]".utf8))[0].value == value)
    }

    @Test(arguments: [#""two""#, #""""#, #""inf""#, #""nan""#, "true", "[]"])
    func `what is no number is refused`(json: String) {
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([WrittenNumber].self, from: Data("[\(json)]".utf8))
        }
    }
}
