// Stands in for libFuzzer where the compiler has none: runs a fuzz target over its corpus and over
// a fixed number of mutations of it, the same ones each time. replay [CORPUS-FOLDER] [ROUNDS]
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);

namespace {

void run(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

std::string mutated(std::string text, std::mt19937_64& random) {
  static const std::string_view kPieces[] = {"{",
                                             "}",
                                             "[",
                                             "]",
                                             "\"",
                                             ",",
                                             ":",
                                             "\\",
                                             "\\u",
                                             "null",
                                             "\n",
                                             "1e9",
                                             "\xff",
                                             "\xed\xa0\x80",
                                             "%",
                                             " ",
                                             "-",
                                             "\"time\":",
                                             std::string_view("\0", 1)};
  for (std::uint64_t n = 1 + random() % 4; n > 0 && !text.empty(); --n) {
    const std::size_t at = random() % text.size();
    switch (random() % 4) {
      case 0:
        text[at] = static_cast<char>(random());
        break;
      case 1:
        text.erase(at, 1 + random() % 9);
        break;
      case 2:
        text.insert(at, kPieces[random() % std::size(kPieces)]);
        break;
      default:
        text.insert(at, text.substr(random() % text.size(), random() % 40));
    }
  }
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: replay CORPUS-FOLDER [ROUNDS]\n";
    return 2;
  }
  const long rounds = argc > 2 ? std::atol(argv[2]) : 20'000;
  std::vector<std::string> corpus;
  std::vector<std::filesystem::path> files;
  for (const auto& file : std::filesystem::directory_iterator(argv[1]))
    files.push_back(file.path());
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    run(corpus.back());
  }
  if (corpus.empty()) {
    std::cerr << "no corpus in " << argv[1] << '\n';
    return 2;
  }
  constexpr std::uint64_t kSeed = 1;
  std::mt19937_64 random(kSeed);
  for (long i = 0; i < rounds; ++i) run(mutated(corpus[random() % corpus.size()], random));
  std::cout << corpus.size() << " inputs and " << rounds << " mutations\n";
}
