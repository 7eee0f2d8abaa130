/* The register: the clerk's file, its JSON form, opening hours.  Instants were computed with python's zoneinfo. */
#include "collector/opening.h"
#include "collector/site.h"
#include "common/civil.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct site *rows;
static size_t count;
static struct faults faults;

static int read_bytes(const char *text, size_t length)
{
    free(rows);
    rows = NULL;
    count = 0;
    faults_free(&faults);
    return site_csv_read(text, length, &rows, &count, &faults);
}

static int read_text(const char *text)
{
    return read_bytes(text, strlen(text));
}

static bool complained(const char *words)
{
    for (size_t i = 0; i < faults.count; i++) {
        if (strstr(faults.text[i], words))
            return true;
    }
    for (size_t i = 0; i < faults.count; i++)
        print_message("fault: %s\n", faults.text[i]);
    return false;
}

static int forget(void **state)
{
    (void)state;
    read_text("");
    faults_free(&faults);
    return 0;
}

static const char full[] =
    "id,name,kind,district,grid,officer,address,lon,lat,noise_class,noise_position,background_day,background_night,"
    "stoves,airflow,fume_standard,purifier_installed,install_deadline,cleaning_days,cleaning_hours,last_cleaned,opening_hours,"
    "weather,gateways,valid_from\r\n"
    "nice-club,夜色KTV,ktv,yudu,g-03,王警官,\"长征路, 8号\",115.4141,25.9526,2,window,48.5,41,,,,,,,,,"
    "mo-th 17:00-02:00;fr-sa 17:00-04:00,roof/weather-1,gw-01; gw-02,2026-05-04T09:30\r\n"
    "haoziwei,好滋味饭店,restaurant,yudu,g-03,,,,,,,,,2.5,6000,gb18483-2001,2026-01-31,,60,400.5,2026-11-24,"
    "10:00-14:00;17:00-22:00,,gw-03,\r\n";

static void every_column(void **state)
{
    (void)state;
    assert_int_equal(read_text(full), 0);
    assert_int_equal(count, 2);
    const struct site *club = &rows[0], *kitchen = &rows[1];
    assert_string_equal(club->id, "nice-club");
    assert_string_equal(club->name, "夜色KTV");
    assert_int_equal(club->kind, SITE_KTV);
    assert_string_equal(club->address, "长征路, 8号");
    assert_true(club->lon == 115.4141 && club->lat == 25.9526);
    assert_int_equal(club->noise_class, 2);
    assert_int_equal(club->position, POSITION_WINDOW);
    assert_true(club->background_day == 48.5 && club->background_night == 41);
    assert_int_equal(club->purifier, NOT_GIVEN);
    assert_true(isnan(club->stoves) && isnan(club->cleaning_days));
    assert_string_equal(club->weather, "roof/weather-1");
    assert_int_equal(club->gateway_count, 2);
    assert_string_equal(club->gateways[1], "gw-02");
    assert_int_equal(club->valid_from_ms, 1777858200000);
    assert_true(site_permits(club, "gw-01") && !site_permits(club, "gw-03") && !site_permits(club, "gw-0"));
    assert_false(site_is_catering(club));

    assert_true(site_is_catering(kitchen));
    assert_int_equal(kitchen->purifier, 1);
    assert_int_equal(kitchen->purifier_installed_ms, 1769788800000);
    assert_int_equal(kitchen->last_cleaned_ms, 1795449600000);
    assert_true(kitchen->airflow == 6000 && isnan(club->airflow));
    assert_true(kitchen->stoves == 2.5 && kitchen->cleaning_days == 60 && kitchen->cleaning_hours == 400.5);
    assert_int_equal(kitchen->noise_class, NOT_GIVEN);
    assert_int_equal(kitchen->position, POSITION_BOUNDARY);
    assert_int_equal(kitchen->valid_from_ms, 0);
}

/* 0 to 4 are numbers, in JSON too; 4b is a word.  A spreadsheet may say 4.0. */
static void noise_classes_there_and_back(void **state)
{
    static const struct {
        const char *cell, *json;
        int noise_class;
    } cells[] = {{"0", "\"noise_class\":0,", 0},
                 {"4", "\"noise_class\":4,", 4},
                 {"4.0", "\"noise_class\":4,", 4},
                 {"4b", "\"noise_class\":\"4b\",", NOISE_CLASS_4B}};
    (void)state;
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        char csv[120];
        struct site back;
        struct buf json = buf_growing();
        snprintf(csv, sizeof csv, "id,name,kind,district,grid,noise_class\na,A,bar,d,g,%s\n", cells[i].cell);
        assert_int_equal(read_text(csv), 0);
        assert_int_equal(rows[0].noise_class, cells[i].noise_class);
        site_write(&json, &rows[0]);
        assert_non_null(strstr(json.data, cells[i].json));
        struct json *root = json_open(json.data, json.length, NULL);
        assert_true(site_read(&back, root) && back.noise_class == cells[i].noise_class);
        json_close(root);
        buf_free(&json);
    }
}

static void any_order_bom_and_line_ends(void **state)
{
    (void)state;
    static const char *const files[] = {
        "\xef\xbb\xbfgrid,id,district,kind,name\ng1,a,d,bar,甲\ng1,b,d,club,乙\n",
        "grid,id,district,kind,name\rg1,a,d,bar,甲\rg1,b,d,club,乙",
        "\r\ngrid,id,district,kind,name,,\r\n\r\ng1,a,d,bar,甲\r\n,,,,,,\r\ng1, b ,d,\"club\",\"乙\",,\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        assert_int_equal(read_text(files[i]), 0);
        assert_int_equal(count, 2);
        assert_string_equal(rows[0].name, "甲");
        assert_string_equal(rows[1].id, "b");
        assert_int_equal(rows[1].kind, SITE_CLUB);
    }
}

static void gb18030(void **state)
{
    (void)state;
    /* python: "好滋味饭店".encode("gb18030"), and "𠮷野家", whose first character takes four bytes there */
    assert_int_equal(read_text("id,name,kind,district,grid\r\n"
                               "a,\xba\xc3\xd7\xcc\xce\xb6\xb7\xb9\xb5\xea,restaurant,d,g\r\n"
                               "b,\x95\x34\xb2\x35\xd2\xb0\xbc\xd2,restaurant,d,g\r\n"),
                     0);
    assert_string_equal(rows[0].name, "好滋味饭店");
    assert_string_equal(rows[1].name, "𠮷野家");

    assert_int_equal(read_text("id,name,kind,district,grid\na,\xff\xff,bar,d,g\n"), ERR_RANGE);
    assert_true(complained("neither UTF-8 nor GB18030"));
    static const char utf16[] = "\xff\xfei\0d\0,\0n\0";
    assert_int_equal(read_bytes(utf16, sizeof utf16), ERR_RANGE);
    assert_true(complained("UTF-16"));
    /* overlong, surrogate, beyond U+10FFFF: not UTF-8, hence tried as GB18030; no crash whatever comes out */
    read_text("id,name,kind,district,grid\na,\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80,bar,d,g\n");
}

static void dates_as_a_chinese_spreadsheet_saves_them(void **state)
{
    (void)state;
    assert_int_equal(read_text("id,name,kind,district,grid,last_cleaned,valid_from\n"
                               "a,A,bar,d,g,2026/11/24,2026/5/4 9:30\n"),
                     0);
    assert_int_equal(rows[0].last_cleaned_ms, 1795449600000);
    assert_int_equal(rows[0].valid_from_ms, 1777858200000);
}

static void bad_cells(void **state)
{
    (void)state;
    static const struct {
        const char *column, *cell;
    } bad[] = {
        {"id", "Nice"},
        {"id", "-a"},
        {"id", "a23456789012345678901234567890123"},
        {"kind", "Restaurant"},
        {"kind", "饭店"},
        {"lon", "180.1"},
        {"lat", "25,9"},
        {"lat", "1e1"},
        {"lat", "nan"},
        {"lat", "."},
        {"noise_class", "5"},
        {"noise_class", "1.5"},
        {"noise_class", "4c"},
        {"noise_class", "二"},
        {"noise_position", "roof"},
        {"background_day", "-1"},
        {"stoves", "0"},
        {"airflow", "0"},
        {"airflow", "8000m3/h"},
        {"purifier_installed", "是"},
        {"purifier_installed", "2026-02-30"},
        {"install_deadline", "26-01-01"},
        {"install_deadline", "1999-12-31"},
        {"last_cleaned", "2026/13/1"},
        {"last_cleaned", "2026/1/1 8:30 x"},
        {"valid_from", "2026-01-01 08:30"},
        {"cleaning_days", "0"},
        {"cleaning_hours", "x"},
        {"opening_hours", "25:00-26:00"},
        {"night_start", "24:00"},
        {"night_start", "22:60"},
        {"night_start", "22"},
        {"night_start", "22:00:01"},
        {"night_start", "-1:00"},
        {"weather", "roof"},
        {"weather", "roof/"},
        {"gateways", "gw-01;gw-01"},
        {"gateways", "GW"},
        {"gateways", "a b c d e f g h i"},
        {"name", "two\nlines"},
        {"district", "于都"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[512], words[64];
        bool own = strcmp(bad[i].column, "id") && strcmp(bad[i].column, "name") && strcmp(bad[i].column, "kind") &&
                   strcmp(bad[i].column, "district");
        snprintf(text, sizeof text, "id,name,kind,district,grid%s%s\nok,N,bar,d,g,\n%s,\"%s\",%s,%s,g,\"%s\"\n",
                 own ? "," : "", own ? bad[i].column : "", strcmp(bad[i].column, "id") ? "x" : bad[i].cell,
                 strcmp(bad[i].column, "name") ? "N" : bad[i].cell, strcmp(bad[i].column, "kind") ? "bar" : bad[i].cell,
                 strcmp(bad[i].column, "district") ? "d" : bad[i].cell, own ? bad[i].cell : "");
        snprintf(words, sizeof words, "row 3, column %s: \"", bad[i].column);
        if (read_text(text) != ERR_RANGE)
            fail_msg("%s accepted %s", bad[i].column, bad[i].cell);
        assert_int_equal(faults.count, 1);
        assert_true(complained(words));
        assert_true(complained("(allowed: "));
        assert_null(rows);
    }
}

static void every_bad_row_is_listed(void **state)
{
    (void)state;
    assert_int_equal(read_text("id,name,kind,district,grid,noise_class\n"
                               "a,A,bar,d,g,9\n"
                               "b,,pub,d,g,\n"
                               "\n"
                               "a,A,bar,d,g,1\n"
                               "c,C,bar,d,g,1,extra\n"
                               "a,A,bar,d,g\n"),
                     ERR_RANGE);
    assert_int_equal(faults.count, 6);
    assert_true(complained("row 2, column noise_class: \"9\" (allowed: 0, 1, 2, 3, 4 or 4b)"));
    assert_true(complained("row 3, column kind: \"pub\" (allowed: restaurant | breakfast"));
    assert_true(complained("row 3, column name: missing"));
    assert_true(complained("row 6, cell 7: the header names no column here"));
    assert_true(complained("row 5, column id: a stands in row 2 already"));
    assert_true(complained("row 7, column id: a stands in row 5 already"));
}

static void bad_headers(void **state)
{
    (void)state;
    assert_int_equal(read_text("id,name,kind,district,id,Grid\na,A,bar,d,g,g\n"), ERR_RANGE);
    assert_true(complained("row 1, cell 5: \"id\" stands twice in the header"));
    assert_true(complained("row 1, cell 6: \"Grid\" is not the name of a column"));
    assert_true(complained("the header lacks the column grid"));
    assert_true(complained("the columns are"));
    assert_int_equal(read_text("id;name;kind;district;grid\na;A;bar;d;g\n"), ERR_RANGE);
    assert_true(complained("\"id;name;kind;district;grid\" is not the name of a column"));
    assert_int_equal(read_text(""), ERR_RANGE);
    assert_int_equal(read_text("id,name,kind,district,grid\n"), ERR_RANGE);
    assert_true(complained("holds no site"));
}

static void bad_quotes(void **state)
{
    (void)state;
    assert_int_equal(read_text("id,name,kind,district,grid\na,A\"B,bar,d,g\n"), ERR_RANGE);
    assert_true(complained("row 2, cell 2: a quotation mark in the middle"));
    assert_int_equal(read_text("id,name,kind,district,grid\na,\"A,bar,d,g\n"), ERR_RANGE);
    assert_true(complained("row 2, cell 2: a quotation mark opens"));
    assert_int_equal(read_text("id,name,kind,district,grid\na,\"The \"\"A\"\"\",bar,d,g\n"), 0);
    assert_string_equal(rows[0].name, "The \"A\"");
}

static void versions_of_one_site(void **state)
{
    (void)state;
    assert_int_equal(read_text("id,name,kind,district,grid,valid_from\n"
                               "a,A,bar,d,g,2026-05-04\na,B,bar,d,g,2026-06-04\na,C,bar,d,g,\n"),
                     0);
    assert_int_equal(count, 3);
}

static void json_round_trip(void **state)
{
    (void)state;
    assert_int_equal(read_text(full), 0);
    for (size_t i = 0; i < count; i++) {
        struct buf text = buf_growing(), again = buf_growing();
        struct site back;
        site_write(&text, &rows[i]);
        struct json *root = json_open(text.data, text.length, NULL);
        assert_non_null(root);
        assert_true(site_read(&back, root));
        assert_true(site_equal(&rows[i], &back));
        assert_int_equal(back.valid_from_ms, rows[i].valid_from_ms);
        site_write(&again, &back);
        assert_string_equal(text.data, again.data);
        json_close(root);
        buf_free(&text);
        buf_free(&again);
    }
    struct buf text = buf_growing();
    site_write(&text, &rows[1]);
    assert_string_equal(
        text.data,
        "{\"id\":\"haoziwei\",\"name\":\"好滋味饭店\",\"kind\":\"restaurant\",\"district\":\"yudu\",\"grid\":\"g-03\","
        "\"noise_position\":\"boundary\",\"stoves\":2.5,\"airflow\":6000,\"fume_standard\":\"gb18483-2001\","
        "\"purifier_installed\":1769788800000,\"cleaning_days\":60,\"cleaning_hours\":400.5,"
        "\"last_cleaned\":1795449600000,\"opening_hours\":\"10:00-14:00;17:00-22:00\","
        "\"gateways\":[\"gw-03\"]}");
    buf_free(&text);
}

static void json_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "[]",
        "{}",
        "{\"id\":\"a\",\"name\":\"A\",\"kind\":\"pub\",\"district\":\"d\",\"grid\":\"g\"}",
        "{\"id\":\"a\",\"name\":\"A\",\"kind\":\"bar\",\"district\":\"d\",\"grid\":\"g\",\"noise_class\":5}",
        "{\"id\":\"a\",\"name\":\"A\",\"kind\":\"bar\",\"district\":\"d\",\"grid\":\"g\",\"gateways\":\"gw\"}",
        ("{\"id\":\"a23456789012345678901234567890123\"," /* 33 characters */
         "\"name\":\"A\",\"kind\":\"bar\",\"district\":\"d\",\"grid\":\"g\"}"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct site s;
        struct json *root = json_open(bad[i], strlen(bad[i]), NULL);
        assert_non_null(root);
        assert_false(site_read(&s, root));
        json_close(root);
    }
}

static void purifier_and_equality(void **state)
{
    (void)state;
    assert_int_equal(read_text("id,name,kind,district,grid,purifier_installed\n"
                               "a,A,bar,d,g,yes\nb,A,bar,d,g,no\nc,A,bar,d,g,2026-01-31\nd,A,bar,d,g,\n"),
                     0);
    static const int expected[] = {1, 0, 1, NOT_GIVEN};
    for (size_t i = 0; i < 4; i++) {
        struct buf text = buf_growing();
        struct site back;
        site_write(&text, &rows[i]);
        struct json *root = json_open(text.data, text.length, NULL);
        assert_true(site_read(&back, root));
        assert_int_equal(back.purifier, expected[i]);
        json_close(root);
        buf_free(&text);
        for (size_t k = 0; k < 4; k++) {
            struct site other = rows[k];
            strcpy(other.id, back.id);
            assert_int_equal(site_equal(&back, &other), i == k);
        }
        back.valid_from_ms = 1;
        assert_true(site_equal(&back, &rows[i]));
        strcpy(back.gateways[0], "gw");
        back.gateway_count = 1;
        assert_false(site_equal(&back, &rows[i]));
    }
}

static void opening_grammar(void **state)
{
    (void)state;
    static const char *const good[] = {"10:00-14:00", "mo-th 17:00-02:00;fr-sa 17:00-04:00", "su 00:00-24:00",
                                       "sa-mo 22:00-00:00; tu  06:00-07:30"};
    static const char *const bad[] = {"",
                                      "10-14",
                                      "10:00-10:00",
                                      "24:00-02:00",
                                      "10:00-24:01",
                                      "xx 10:00-14:00",
                                      "mo10:00-14:00",
                                      "mo- 10:00-14:00",
                                      "10:00-14:00;",
                                      "10:60-14:00",
                                      "mo,tu 10:00-14:00",
                                      "10:00 - 14:00"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(opening_valid(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(opening_valid(bad[i]));
}

static void opening_over_midnight(void **state)
{
    (void)state;
    static const char hours[] = "mo-th 17:00-02:00;fr-sa 17:00-04:00";
    static const struct {
        int weekday, hour, minute;
        bool open;
    } cases[] = {
        {1, 16, 59, false}, {1, 17, 0, true}, {1, 23, 59, true}, {2, 1, 59, true},
        {2, 2, 0, false},   {1, 1, 0, false}, /* the night of Sunday: not named */
        {5, 1, 59, true},   {5, 2, 0, false}, {6, 3, 59, true},  {6, 4, 0, false},
        {7, 3, 59, true},   {7, 4, 0, false}, {7, 18, 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(opening_at(hours, cases[i].weekday, cases[i].hour * 60 + cases[i].minute), cases[i].open);
    assert_true(opening_at("", 3, 100));
    assert_true(opening_at("sa-mo 06:00-07:00", 7, 400) && opening_at("sa-mo 06:00-07:00", 1, 400));
    assert_false(opening_at("sa-mo 06:00-07:00", 2, 400) || opening_at("sa-mo 06:00-07:00", 5, 400));

    struct site s = {.opening_hours = "fr-sa 17:00-04:00"};
    assert_true(site_open_at(&s, 1795204740000));  /* Saturday 2026-11-21 03:59 in Shanghai */
    assert_false(site_open_at(&s, 1795204800000)); /* 04:00 */
    s.opening_hours[0] = 0;
    assert_true(site_open_at(&s, 1795204800000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_column),
        cmocka_unit_test(noise_classes_there_and_back),
        cmocka_unit_test(any_order_bom_and_line_ends),
        cmocka_unit_test(gb18030),
        cmocka_unit_test(dates_as_a_chinese_spreadsheet_saves_them),
        cmocka_unit_test(bad_cells),
        cmocka_unit_test(every_bad_row_is_listed),
        cmocka_unit_test(bad_headers),
        cmocka_unit_test(bad_quotes),
        cmocka_unit_test(versions_of_one_site),
        cmocka_unit_test(json_round_trip),
        cmocka_unit_test(json_refused),
        cmocka_unit_test(purifier_and_equality),
        cmocka_unit_test(opening_grammar),
        cmocka_unit_test(opening_over_midnight),
    };
    if (civil_zone("Asia/Shanghai", NULL) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, forget);
}
