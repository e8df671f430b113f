#include "CTOMLOutline.h"

#include <algorithm>
#include <exception>
#include <string>
#include <vector>

namespace {
// What toml++ 3.4.0 asserts of a text before it has looked, and ends the process for: `[#]`, `a = [}`, `a = 1979-05-27t:`.
struct broken_assertion : std::exception {};
}

// Its assertions as errors. Names of its own, since TOMLKit's copy of the same functions is linked beside this one. The
// header is no product of TOMLKit: it lies beside the folder of those that are.
#undef NDEBUG
#define TOML_EXCEPTIONS 1
#define TOML_ENABLE_FORMATTERS 0
#define TOML_ASSERT(condition) ((condition) ? void() : throw broken_assertion())
#define toml toml_with_assertions_as_errors
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <../Sources/toml.hpp>
#pragma clang diagnostic pop

namespace {
bool breaks_assertion(std::string_view text) {
    try {
        (void)toml::parse(text);
    } catch (const broken_assertion &) {
        return true;
    } catch (const toml::parse_error &) {
    }
    return false;
}

// An assertion does not say where: on the last line of the shortest beginning of the text that breaks it. Whole lines only,
// since half a character would be an error by itself.
size_t line_of_assertion(std::string_view text) {
    std::vector<size_t> ends;
    for (size_t end = text.find('\n'); end != text.npos; end = text.find('\n', end + 1))
        ends.push_back(end + 1);
    auto line = std::partition_point(ends.begin(), ends.end(), [text](size_t end) {
        return !breaks_assertion(text.substr(0, end));
    });
    return line - ends.begin() + 1;
}

void outline(const toml::table &root, void *context, ctoml_place *place) {
    for (auto &&[key, value] : root) {
        auto report = [&, name = key.str().data()](size_t number, const toml::table &table) {
            for (auto &&[inner, _] : table)
                place(context, name, number, inner.str().data(), inner.source().begin.line);
        };
        place(context, key.str().data(), 0, nullptr, key.source().begin.line);
        if (auto table = value.as_table())
            report(0, *table);
        size_t number = 0;
        if (auto array = value.as_array())
            for (auto &&element : *array) {
                number++;
                auto table = element.as_table();
                if (!table)
                    continue;
                place(context, key.str().data(), number, nullptr, element.source().begin.line);
                report(number, *table);
            }
    }
}
}

void ctoml_outline(const char *bytes, size_t length, void *context, ctoml_place *place, ctoml_defect *defect) {
    std::string_view text(bytes, length);
    try {
        outline(toml::parse(text), context, place);
    } catch (const broken_assertion &) {
        defect(context, "a character of this line cannot stand where it does", line_of_assertion(text));
    } catch (const toml::parse_error &error) {
        defect(context, std::string(error.description()).c_str(), error.source().begin.line);
    } catch (const std::exception &error) {
        defect(context, error.what(), 0);
    }
}
